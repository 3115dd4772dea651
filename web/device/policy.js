// SPDX-License-Identifier: Apache-2.0
// How strict coming in is: what needs no login at all, what wants a fresh one, and the settings of access.

import { call } from './api.js';
import { operations } from './access.js';
import { byId, count, detail, form, h, lead, say, sentence, several, show, untold } from './dom.js';
import { settingsPart } from './home.js';
import { following, MEANWHILE } from './setting.js';

const FREE = 'logical-access.without-login';
const OURS = 'logical-access.';
const HERE = ['step-up', 'step-up-age', 'session-idle', 'session-limit', 'inactive', 'list-max', 'mode', 'place'].map((key) => OURS + key); // how one logs in is asked elsewhere
// What the device lets an organization permit without a login; it refuses the rest.
const MAY = [['health.read', 'Whether it works, in one word'], ['status.read', 'What it can do, and how each of its abilities stands']];

const listed = (all) => h('ul', {}, all.map((one) => h('li', {}, sentence(one.summary), ' ', h('span', { class: 'mark' }, one.operationId))));
const held = ({ roles, all }) => {
	const anyone = roles.value && roles.value.roles.find((one) => one.name === 'anyone');
	return all.filter((one) => anyone && anyone.holds.includes(one['x-thingward-permission']));
};
const dangerous = ({ all }) => all.filter((one) => one['x-thingward-step-up']);
const always = (now) => dangerous(now).filter((one) => one.operationId !== 'settings.change').length; // of the settings only some want it
const settingOf = ({ settings }, key) => (settings.value ? settings.value.settings.find((one) => one.key === key) : null);

function answerPart(now) {
	if (!now.roles.value)
		return untold('how strict it is', now.roles, now.settings);
	const fresh = settingOf(now, `${OURS}step-up`);
	return lead(fresh && fresh.value === 'off' ? 'off by policy' : 'provided', `${count(held(now).length, 'thing', 'things')} can be asked of it without signing in; ${!fresh || fresh.value === 'on' ? `${always(now)} ${always(now) === 1 ? 'wants' : 'want'} a fresh login` : 'nothing wants a fresh login'}.`,
		'Everything else needs somebody who has signed in, and whom one of his roles permits it.', now.settings);
}

function freePart(now) {
	return now.roles.value ? [
		h('h2', { id: 'free' }, 'What needs no login'),
		h('p', {}, 'The whole list. What it takes to sign in, and to take over a device without an owner, stands on it always.'),
		listed(held(now)),
	] : [];
}

function freshPart(now) {
	const was = byId('fresh-list');
	return [
		h('h2', { id: 'fresh' }, 'What wants a fresh login'),
		h('p', {}, 'What gives somebody a right or a way in, and what cannot be taken back, wants a login of a moment ago, for that one request. The operations below are asked for anew from accounts that have a password or log in by your provider. A setting only if it has a permission of its own. Two settings below say whether and for how long.'),
		detail('fresh-list', Boolean(was && was.open), h('span', { class: 'text' }, `The list of ${count(dangerous(now).length, 'operation', 'operations')}`), listed(dangerous(now))),
	];
}

export function policyPlace({ change, part, putIfNew, drafts, notes, saveSetting }) {
	const free = several('free-may', 'Permit without a login');
	free.fill(MAY.map(([name, what]) => [name, `${what} (${name})`]));
	let [setting, begun, follow] = [null, null, null];
	const onFree = async ({ free: chosen }) => {
		if (await change('free-send', 'free-failed', async () => {
			await call('PUT', `/api/v1/settings/${FREE}`, { body: { value: chosen.join(' ') }, ifMatch: `"${setting.version}"` });
			follow.rest();
		}))
			say('What needs no login is as you said.');
	};
	return {
		path: '#/access/policy',
		name: 'How strict',
		frame: () => {
			const box = form({ id: 'free', press: 'Save', fields: { free }, check: () => ({ free: setting ? '' : 'The device does not tell you this setting.' }), send: onFree });
			follow = following(box, { free });
			return [
				h('section', { id: 'part-policy' }),
				h('section', { 'aria-labelledby': 'free' }, h('div', { id: 'part-free' }), h('div', { id: 'free-meanwhile' }), box),
				h('section', { 'id': 'part-fresh', 'aria-labelledby': 'fresh' }),
				h('section', { 'id': 'part-settings', 'aria-labelledby': 'settings' }),
			];
		},
		read: async () => ({ roles: await part('/api/v1/roles', 'roles'), settings: await part('/api/v1/settings', 'settings'), all: await operations() }),
		show: (now) => {
			document.title = 'How strict coming in is';
			setting = settingOf(now, FREE);
			// What is there is where one begins; a choice that is not saved stays, and somebody else’s is told beside it.
			if (setting && !follow.touched) {
				begun = setting.version;
				follow.fill({ free: setting.value.split(' ') });
			}
			show(byId('free-meanwhile'), setting && begun !== setting.version ? h('p', { class: 'note' }, MEANWHILE) : []);
			const ours = now.settings.value ? now.settings.value.settings.filter((one) => HERE.includes(one.key)) : [];
			putIfNew('policy', [now.roles, now.settings], () => answerPart(now));
			putIfNew('free', now.roles, () => freePart(now));
			putIfNew('fresh', now.all.length, () => freshPart(now));
			putIfNew('settings', ours, () => settingsPart(ours, drafts, notes, saveSetting, 'The settings of access'));
		},
	};
}
