// SPDX-License-Identifier: Apache-2.0
// What the stand-in says of Wi-Fi, and of the change that waits to be confirmed. As in stand-in.js, it proves nothing about the device. Secrets that it is given
// it keeps in `told`, and never says them.

const refused = (status, rule, title, next) => ({ status, body: { type: 'urn:thingward:problem:wifi', title, status, detail: 'so it is', rule, next } });
const known = (name, kind, ssid, more = {}) => ({ name, kind, ssid, ssid_hex: Buffer.from(ssid).toString('hex'), identity: '', domain: '', whole: true, ...more });
export const LINK = { bssid: '02:00:00:00:00:01', authentication: 'SAE', cipher: 'CCMP', management_frames: 'protected', frequency: 2412, signal: -47 };

export function withWifi(state) {
	return Object.assign(state, {
		told: {},
		wifi: { network: '', link: 'wlan0', joined: false, networks: [known('deck', 'wpa3-sae', 'upper deck'), known('plant', 'eap-tls', 'plant', { identity: 'unit-7', domain: 'radius.example.net', whole: false })] },
		change: { waiting: false },
		settings: [{ key: 'wifi.network', type: 'text', value: '', default: '', baseline: '', version: 0, changed: null, changed_by: '', help: 'which is joined' }],
	});
}

function join(s, rq) {
	const [one] = s.settings;
	if (rq.headers['if-match'] !== `"${one.version}"`)
		return refused(412, 'setting.version', 'Somebody else changed it first', 'Read it again, and decide again.');
	s.change = { waiting: true, change: '7', setting: one.key, value: rq.json.value, before: one.value, changed_by: 'owner:alice', seconds_left: 120, holds: false, why: 'The network is being joined.' };
	Object.assign(one, { value: rq.json.value, version: one.version + 1 });
	s.wifi = { ...s.wifi, network: rq.json.value, joined: false, why: s.change.why };
	return { body: one };
}

// The network has taken it: what is seen then, and can be confirmed.
export function comesTrue(s) {
	Object.assign(s.change, { holds: true, word: 'w'.repeat(32), why: undefined });
	s.wifi = { ...s.wifi, ...LINK, joined: Boolean(s.wifi.network), why: undefined };
}

function back(s) {
	Object.assign(s.settings[0], { value: s.change.before, version: s.settings[0].version + 1 });
	s.wifi = { network: s.change.before, link: 'wlan0', joined: false, networks: s.wifi.networks };
	s.change = { waiting: false };
	return { body: s.change };
}

function confirm(s, { word }) {
	if (word !== s.change.word)
		return refused(409, 'change.word', 'This word confirms nothing', 'Read the change again.');
	s.change = { waiting: false };
	return { body: s.change };
}

function add(s, json) {
	s.told[json.name] = json.secret;
	s.added = json;
	s.wifi.networks.push(known(json.name, json.kind, json.ssid, { identity: json.identity || '', domain: json.domain || '' }));
	return { status: 201, body: s.wifi.networks.at(-1) };
}

const ROUTES = {
	'GET /api/v1/wifi': (s) => ({ body: s.wifi }),
	'POST /api/v1/wifi/networks': (s, rq) => s.refuseWifi || add(s, rq.json),
	'PUT /api/v1/settings/wifi.network': (s, rq) => s.refuseWifi || join(s, rq),
	'GET /api/v1/change': (s) => ({ body: s.change }),
	'POST /api/v1/change/confirm': (s, rq) => confirm(s, rq.json),
	'DELETE /api/v1/change': back,
};

// The answer for whoever is signed in, or null for what is not of this folder, or of a state without Wi-Fi.
export function wifiRoute(method, path) {
	const [, name] = /^\/api\/v1\/wifi\/networks\/([^/]+)$/.exec(path) || [];
	const removes = method === 'DELETE' && name ? (s) => {
		s.wifi.networks = s.wifi.networks.filter((one) => one.name !== decodeURIComponent(name));
		return { status: 204 };
	} : null;
	const route = ROUTES[`${method} ${path}`] || removes;
	return (s, rq) => (route && s.wifi ? s.hideWifi || route(s, rq) : null);
}
