// SPDX-License-Identifier: Apache-2.0
// Programs of the product that judge at logins who somebody is: which there are, whether each is there and whether it only pretends, and which account uses which.

import { boundAccounts, boundPages, usedBy } from './bound.js';
import { count, field, h, lead, pick, sentence, shape, table, titled, untold } from './dom.js';
import { some } from './lists.js';
import { settingForm } from './setting.js';

const KINDS = { '__proto__': null, 'biometric': 'A reader of biometrics', 'auth-plugin': 'A method of the device’s maker' };

const stateOf = (one) => (!one.connected ? ['not provided', 'Not there'] : one.simulated ? ['needs a part', 'There, but it only pretends to judge'] : ['provided', 'There']);

function answerPart(now) {
	if (!now.providers.value)
		return untold('what judges logins', now.providers);
	const { providers } = now.providers.value;
	const good = providers.filter((one) => one.connected && !one.simulated);
	const used = usedBy(now, 'biometric', 'auth-plugin').map((one) => one.label);
	const stuck = providers.filter((one) => !one.connected && used.includes(one.provider));
	if (!providers.length)
		return lead('off by policy', 'This product has no reader and no method of its own.', 'Whoever makes the product decides that. Other second factors are an authenticator, a passkey and a code by message.');
	if (stuck.length)
		return lead('not provided', `${stuck.map((one) => one.provider).join(', ')}: not there, and accounts need it.`, 'Who has no other second factor cannot log in by password until it is back.');
	return lead(good.length === providers.length ? 'provided' : 'needs a part', good.length === providers.length ? `${count(providers.length, 'reader or method is', 'readers or methods are')} there.` : `${good.length} of ${providers.length} readers and methods can judge.`,
		'For an account that uses one, the device asks it at each login by password. Its yes goes on like a right code; when it cannot tell, is silent or is not there, nobody comes in by it.');
}

function listPart(now) {
	const list = now.providers.value ? now.providers.value.providers : [];
	const first = now.credentials.first.value;
	const users = (one) => (first ? some(usedBy(now, one.kind).filter((each) => each.label === one.provider).length, first.next, 'account', 'accounts') : '');
	return list.length ? table('What they are, whoever made the product says.', ['Name', 'What it is', 'How it stands', 'Used by'], list.map((one) => {
		const [status, word] = stateOf(one);
		return [h('span', { class: 'breaks' }, one.provider), [`${KINDS[one.kind] || one.kind}. `, sentence(one.help)], h('span', { class: 'state' }, shape(status), h('span', {}, word)), users(one)];
	})) : [];
}

export function readersPlace(tools) {
	const { part, putIfNew } = tools;
	const pages = boundPages('uses', ['biometric', 'auth-plugin'], tools);
	let [provider, patience, accounts, uses, time] = [];
	const frame = () => {
		provider = pick('uses-provider', 'What judges its logins', 'One of each kind. Enrol the person there, under the id of the account.');
		patience = settingForm({ id: 'patience', key: 'logical-access.provider-timeout', tell: (value) => `${value} seconds.`, wrong: (text) => (/^([1-9]|1[0-9]|2[0-5])$/.test(text) ? '' : 'A whole number from 1 to 25.'),
			one: field('patience-value', 'Seconds it has to judge', 'From 1 to 25. Who has not got its yes by then is refused.', { maxlength: 2, inputmode: 'numeric' }) }, tools);
		accounts = boundAccounts({
			id: 'uses', pages, title: 'Which account uses which?', caption: 'By password they come in only with its yes, or another second factor of theirs.', none: 'No account uses one.', what: 'By',
			fields: { provider }, wrong: (typed) => ({ provider: typed.provider ? '' : 'This product has none.' }), body: (typed) => ({ provider: typed.provider }), press: 'Let it judge', path: '/api/v1/login-providers',
			gone: () => 'No reader and no method judges its logins any more: the password alone may open it.', given: 'It judges the logins of',
		}, tools);
		uses = h('div', {}, accounts.box);
		time = titled('patience-title', 'How long may it take?', patience.box);
		return [h('section', { id: 'part-readers' }), h('section', { 'id': 'part-providers', 'aria-label': 'Readers and methods' }), uses, time];
	};
	return {
		path: '#/ways/readers',
		name: 'Readers',
		frame,
		read: async () => ({ providers: await part('/api/v1/login-providers'), settings: await part('/api/v1/settings', 'settings'), credentials: await pages.read() }),
		show: (now) => {
			document.title = 'Readers and methods';
			const list = now.providers.value ? now.providers.value.providers : [];
			putIfNew('readers', now, () => answerPart(now));
			putIfNew('providers', now, () => listPart(now));
			provider.fill(list.map((one) => [one.provider, `${one.provider}: ${one.help}`]));
			uses.hidden = time.hidden = !list.length; // nothing to choose on a product that has none
			accounts.show(now);
			patience.show(now.settings);
		},
	};
}
