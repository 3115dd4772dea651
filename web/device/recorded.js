// SPDX-License-Identifier: Apache-2.0
// What the log records of reading: everything, but for the operations that an auditor has left out. Changes, refusals and reading the log are recorded whatever
// is said here.

import { call, get } from './api.js';
import { operations } from './access.js';
import { count, form, h, lead, pick, say, sentence, sure, table, titled } from './dom.js';

const PATH = '/api/v1/audit-rules';
const listOf = (text) => text.split(' ').filter(Boolean);

function answerPart({ rules }) {
	if (!rules.value)
		return lead('not provided', 'This device does not tell you what it records.', 'Whoever reads the log may ask it: an owner, an admin or an auditor.', rules);
	const left = listOf(rules.value.unrecorded);
	return lead(left.length ? 'off by policy' : 'provided', left.length ? `${count(left.length, 'way of reading leaves', 'ways of reading leave')} no record.` : 'Everything that is done here leaves a record, reading too.',
		'Who changed what, what was refused, and who read the log is recorded whatever is said here. Auditors say the rest; admins do not.');
}

function leftOutPart({ rules, all }, again) {
	const left = rules.value ? listOf(rules.value.unrecorded) : [];
	const summary = (name) => (all.find((one) => one.operationId === name) || { summary: 'This page does not know it.' }).summary;
	return left.length ? [
		h('h2', { id: 'left-out' }, 'What leaves no record'),
		table('Who reads this is not known afterwards.', ['Operation', 'What is read by it', ''], left.map((name, i) => [h('code', { class: 'breaks' }, name), sentence(summary(name)),
			sure(`record-${i}`, 'Record it', 'Each time it is read a record is made, from now on.', `Record it: ${name}`, (button) => again(button, name))])),
	] : [];
}

export function recordedPlace({ change, part, putIfNew }) {
	const fields = { operation: pick('leave-operation', 'What is read', 'Reading that is only looking, and done so often that its records hide others.') };
	// As it is at this moment: what somebody else has said meanwhile stays.
	const put = (work) => async () => {
		const { unrecorded } = await get(PATH);
		await call('PUT', PATH, { body: { unrecorded: work(listOf(unrecorded)).join(' ') } });
	};
	const onLeave = async ({ operation }) => {
		if (await change('leave-send', 'leave-failed', put((list) => [...new Set([...list, operation])])))
			say(`Reading by ${operation} leaves no record now.`);
	};
	const recordAgain = async (button, name) => {
		if (await change(button, 'leave-failed', put((list) => list.filter((one) => one !== name))))
			say(`Reading by ${name} leaves a record again.`);
	};
	return {
		path: '#/access/recorded',
		name: 'What is recorded',
		frame: () => [
			h('section', { id: 'part-recorded' }),
			h('div', { id: 'part-left-out' }),
			titled('leave', 'Leave something out',
				form({ id: 'leave', press: 'Leave no record of it', fields, check: ({ operation }) => ({ operation: operation ? '' : 'Choose what is to leave no record.' }), send: onLeave })),
		],
		read: async () => ({ rules: await part(PATH), all: await operations() }),
		show: (now) => {
			const left = now.rules.value ? listOf(now.rules.value.unrecorded) : [];
			const may = now.all.filter((one) => one['x-thingward-audit'] === 'read' && !one.operationId.startsWith('log.') && one.operationId !== 'audit-rules.read' && !left.includes(one.operationId));
			document.title = 'What is recorded';
			putIfNew('recorded', now.rules, () => answerPart(now));
			putIfNew('left-out', now.rules, () => leftOutPart(now, recordAgain));
			fields.operation.fill([['', 'Choose what is read'], ...may.map((one) => [one.operationId, `${one.operationId}: ${one.summary}`])]);
		},
	};
}
