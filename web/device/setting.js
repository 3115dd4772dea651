// SPDX-License-Identifier: Apache-2.0
// One setting in the words of whoever decides it. The field shows what the device says until somebody chooses; then it keeps what he chose, also when the device
// refuses it or somebody else was quicker.

import { call } from './api.js';
import { form, h, moment, say, show } from './dom.js';

// What `key` of these settings is, as the device has read it out; undefined where it has not.
export const settingOf = ({ settings }, key) => ((settings.value ? settings.value.settings : []).find((one) => one.key === `logical-access.${key}`) || {}).value;

const put = (one, value) => {
	if (one.input)
		one.input.value = value;
	else
		one.value = value;
};

// Fields that follow what the device says: `fill` does nothing once somebody has typed in their boxes, until `rest`.
export function following(boxes, fields) {
	let touched = false;
	[boxes].flat().forEach((box) => box.addEventListener('input', () => { touched = true; }));
	return {
		get touched() { return touched; },
		fill: (values) => {
			if (!touched)
				Object.entries(values).forEach(([name, value]) => put(fields[name], value));
		},
		rest: () => { touched = false; },
	};
}

export const MEANWHILE = 'Somebody has changed it meanwhile; what counts now stands above. What you chose is kept.';

// What a form replaces whole, of one name or of none: `begin` says what the device had when the form was filled; `hold` asks again just before, and refuses once
// what would undo a change of somebody else. What it is then is what the form begins from. `known`: of a name that was typed and not taken.
export function origin(read, again) {
	let [whose, from] = [null, ''];
	const begin = (name, one) => { [whose, from] = [name, JSON.stringify(one)]; };
	const hold = async (name, known) => {
		if (name !== whose)
			begin(name, known);
		const now = await read(name).then((one) => JSON.stringify(one), (error) => {
			if (error.status === 403) // who may not look may still replace it
				return from;
			throw error;
		});
		if (now === from)
			return;
		from = now;
		again(0);
		throw Object.assign(new Error('Somebody has changed it meanwhile'), { status: 409, next: 'What counts now stands above. What you typed is kept; press once more if it is to count instead.' });
	};
	return { begin, hold, rest: () => { whose = null; } };
}

const changedBy = (setting) => (Number(setting.version) > 0 ? ['Changed by ', setting.changed_by || 'somebody', ', ', moment(setting.changed), '.'] : 'As delivered.');

// one: its field. tell: what a value means, in words. read, write: between the device's text and what the field holds. wrong: what is wrong with it, or ''.
export function settingForm({ id, key, one, tell, read = (text) => text, write = String, wrong = () => '' }, { again, change }) {
	let now = null;
	const save = async (text) => {
		try {
			await call('PUT', `/api/v1/settings/${key}`, { body: { value: text }, ifMatch: `"${now.version}"` });
		} catch (error) {
			if (error.status === 412) {
				error.next = 'What is so now stands below. Your choice is kept; save again if you still want it.';
				again(0);
			}
			throw error;
		}
		follow.rest();
	};
	const send = async ({ value }) => {
		const text = write(value);
		if (await change(`${id}-send`, `${id}-failed`, () => save(text)))
			say(`Saved: ${tell(text)}`);
	};
	const state = h('p', { class: 'quiet', id: `${id}-now` });
	const box = form({ id, press: 'Save', fields: { value: one }, check: ({ value }) => ({ value: now ? wrong(value) : 'The device has not said how it is now.' }), send });
	const follow = following(box, { value: one });
	box.append(state);
	return {
		box,
		show: (settings) => {
			now = settings.value ? settings.value.settings.find((each) => each.key === key) || null : null;
			show(state, now ? ['Now: ', tell(now.value), ' ', changedBy(now)] : 'This device does not tell you how it is now.');
			if (now)
				follow.fill({ value: read(now.value) });
		},
	};
}
