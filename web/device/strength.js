// SPDX-License-Identifier: Apache-2.0
// Two questions about logging in, each a place: what is strong enough, and how long those wait who fail. The settings behind them, in words.

import { choice, field, h, lead, minutes, several, titled } from './dom.js';
import { settingForm, settingOf } from './setting.js';

const METHODS = [['any', 'Whatever the account has'], ['two-factors', 'A certificate, or a password with a second factor'], ['certificate', 'A client certificate alone']];
const AGAIN = 'It counts from the next request on, also in sessions that are open: one that something weaker has opened is refused then, yours too.';

const number = (least, most) => (text) => (/^[0-9]+$/.test(text) && Number(text) >= least && Number(text) <= most ? '' : `A whole number from ${least} to ${most}.`);
const seconds = (text) => (Number(text) < 120 ? `${text} seconds` : minutes(Number(text) * 1000));
const wordsOf = (options, value) => (options.find(([one]) => one === value) || [value, value])[1];

function strengthAnswer(now) {
	const [methods, roles, least] = ['network-methods', 'second-factor', 'password-min'].map((key) => settingOf(now, key));
	if (methods === undefined)
		return lead('not provided', 'This device does not tell you what is strong enough.', 'Who may read its settings may ask it.', now.settings);
	const what = methods !== 'any' ? 'No password and no code opens the device over the network.' : roles ? `With a second factor: who has the role ${roles.split(' ').join(' or ')}.` : 'No role has to have a second factor; each person chooses.';
	return lead('provided', methods === 'any' ? `A password of ${least} characters is strong enough${roles ? ' for some' : ''}.` : `${wordsOf(METHODS, methods)}: nothing weaker is strong enough.`, methods === 'two-factors' ? `A password has at least ${least} characters.` : what);
}

// A place of forms, one for each setting.
function settingsPlace({ path, name, id, forms, answer, more = async () => ({}), fill = () => {} }, tools) {
	let shown = [];
	return {
		path,
		name,
		frame: () => {
			shown = forms(tools);
			return [h('section', { id: `part-${id}` }), shown.map(([title, about, one], i) => titled(`${id}-${i}`, title, h('p', {}, about), one.box))];
		},
		read: async () => ({ settings: await tools.part('/api/v1/settings', 'settings'), ...await more() }),
		show: (now) => {
			document.title = name;
			tools.putIfNew(id, now.settings, () => answer(now));
			fill(now);
			shown.forEach(([, , one]) => one.show(now.settings));
		},
	};
}

export function strengthPlace(tools) {
	let roles = null;
	const forms = () => {
		roles = several('second-roles', 'Who has one of these roles');
		return [
			['What opens the device over the network?', AGAIN, settingForm({ id: 'methods', key: 'logical-access.network-methods', one: choice('methods', 'Strong enough is', METHODS, 'any'), tell: (value) => `${wordsOf(METHODS, value)}.` }, tools)],
			['Who has to have a second factor?', 'By password they come in only with one: an authenticator, a passkey, a code by message, a reader. Who has none is refused until he has one. Everybody else may have one, and is asked for it then.',
				settingForm({ id: 'second', key: 'logical-access.second-factor', one: roles, read: (text) => text.split(' ').filter(Boolean), write: (list) => list.join(' '), tell: (value) => (value ? `${value.split(' ').join(', ')}.` : 'nobody has to.') }, tools)],
			['How long is a password at least?', 'Who has a shorter one chooses another when he logs in next. Length is what counts; there are no rules of digits and signs.',
				settingForm({ id: 'least', key: 'logical-access.password-min', one: field('least-value', 'Characters', 'From 15 to 64.', { maxlength: 2, inputmode: 'numeric' }), wrong: number(15, 64), tell: (value) => `${value} characters.` }, tools)],
		];
	};
	return settingsPlace({
		path: '#/ways/strength', name: 'Strong enough', id: 'strength', forms, answer: strengthAnswer,
		more: async () => ({ roles: await tools.part('/api/v1/roles', 'roles') }),
		// A role that the setting names and the list does not is shown too, so that saving does not drop it.
		fill: (now) => {
			const known = now.roles.value ? now.roles.value.roles.filter((one) => one.assignable).map((one) => [one.name, `${one.name}: ${one.purpose}`]) : [];
			const named = (settingOf(now, 'second-factor') || '').split(' ').filter((name) => name && !known.some(([one]) => one === name)).map((name) => [name, name]);
			roles.fill([...known, ...named]);
		},
	}, tools);
}

// ---- who fails ----

const WAITS = [['on', 'They wait'], ['off', 'They wait for nothing: anybody may guess as fast as the device answers']];

function guessesAnswer(now) {
	const [on, often, first, most] = ['throttle', 'attempts', 'attempts-wait', 'attempts-wait-most'].map((key) => settingOf(now, key));
	if (on === undefined)
		return lead('not provided', 'This device does not tell you who waits.', 'Who may read its settings may ask it.', now.settings);
	return on === 'on' ? lead('provided', `After ${often} failures one waits ${seconds(first)}.`, `Each failure that follows doubles the wait, up to ${seconds(most)}. Nobody is locked out by others’ guesses: a browser from which somebody has logged in before waits for its own failures alone, and a client certificate and the console wait for nothing.`)
		: lead('off by policy', 'Whoever guesses waits for nothing.', 'Switch the waits on, unless something else before this device counts failures.');
}

export function guessesPlace(tools) {
	const one = (id, key, label, hint, least, most, tell) => settingForm({ id, key: `logical-access.${key}`, one: field(`${id}-value`, label, hint, { maxlength: 6, inputmode: 'numeric' }), wrong: number(least, most), tell }, tools);
	const forms = () => [
		['Do those who fail wait?', 'Without waits a short password is found sooner.', settingForm({ id: 'throttle', key: 'logical-access.throttle', one: choice('throttle', 'Those who fail', WAITS, 'on'), tell: (value) => `${wordsOf(WAITS, value)}.` }, tools)],
		['How often may somebody fail before he waits?', 'One source, or one account from browsers it does not know.', one('attempts', 'attempts', 'Failures', 'From 3 to 100.', 3, 100, (value) => `${value} failures.`)],
		['How long is the first wait?', 'Each failure behind it doubles the wait.', one('wait', 'attempts-wait', 'Seconds', 'From 1 to 3600.', 1, 3600, (value) => `${seconds(value)}.`)],
		['How long is the longest wait?', 'Nobody waits longer, however often he failed.', one('most', 'attempts-wait-most', 'Seconds', 'From 1 to 86400, which is a day.', 1, 86400, (value) => `${seconds(value)}.`)],
	];
	return settingsPlace({ path: '#/ways/guesses', name: 'Guessing', id: 'guesses', forms, answer: guessesAnswer }, tools);
}
