// SPDX-License-Identifier: Apache-2.0
// An OpenID Connect provider (oidc-provider of npm) on the loopback interface, over TLS: node provider.js KEY_AND_CERTIFICATE BACK.
// Whoever types a name there is that subject. It says the address it listens at, and ends with its standard input.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

const [pem, back] = process.argv.slice(2);
const both = readFileSync(pem);
const client = (id, alg, more) => ({ client_id: id, redirect_uris: [back], response_types: ['code'], grant_types: ['authorization_code'], id_token_signed_response_alg: alg, ...more });
const jwk = (kid, ...how) => ({ ...generateKeyPairSync(...how).privateKey.export({ format: 'jwk' }), kid, use: 'sig' });

const server = createServer({ key: both, cert: both });
server.listen(0, '127.0.0.1', () => {
	const issuer = `https://127.0.0.1:${server.address().port}`;
	const provider = new Provider(issuer, {
		clients: [
			client('with-secret', 'ES256', { client_secret: 's3cret of the device: 100%', token_endpoint_auth_method: 'client_secret_basic' }),
			client('public', 'RS256', { token_endpoint_auth_method: 'none' }),
		],
		jwks: { keys: [jwk('e', 'ec', { namedCurve: 'P-256' }), jwk('r', 'rsa', { modulusLength: 2048 })] },
		cookies: { keys: ['of this test alone'] },
		pkce: { required: () => true },
		findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
	});
	server.on('request', provider.callback());
	process.stdout.write(`${issuer}\n`);
});
process.stdin.on('end', () => process.exit(0)).resume();
