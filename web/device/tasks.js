// SPDX-License-Identifier: Apache-2.0
// Work that takes the device longer than an answer may: what goes on and how far it is, what came of it, and the buttons that
// begin and end it. As in home.js, functions from what the device said to elements; one alone asks the device, how far a task is.

import { get } from './api.js';
import { facts, h, moment, sentence, shape, trouble, words } from './dom.js';

const NAMES = { 'log.verify': 'Verifying the log', 'inventory.check': 'Checking the files' };
const STATES = { waiting: 'waiting', running: 'going on', done: 'done', failed: 'failed', cancelled: 'cancelled', aborted: 'ended by a restart' };
const RESULTS = { proven_to: 'Signed for up to record', sealed_to: 'Seals checked up to record', first: 'First record', last: 'Last record', open_intents: 'Changes without an outcome' };

export const TASK_MS = 1000; // between two looks at a task that goes on

export const goesOn = (task) => task.state === 'waiting' || task.state === 'running';
export const taskName = (task) => NAMES[task.operation] || words(task.operation);
const stateWord = (task) => STATES[task.state] || task.state;

// What is said aloud when a task has ended.
export const taskEnd = (task) => `${taskName(task)}: ${stateWord(task)}. ${sentence(task.words)}`;

// The task as it is now, or what kept us from hearing it. null: the session has ended, and that is told.
export async function lookAgain(task, leave) {
	try {
		return { task: await get(`/api/v1/tasks/${task.task}`), failed: null };
	} catch (error) {
		if (error.status === 401) {
			leave('Your session has ended.');
			return null;
		}
		return { task, failed: error };
	}
}

function mark(task) {
	if (goesOn(task))
		return null;
	if (task.state === 'done')
		return shape(task.result && ['broken', 'differs'].includes(task.result.verdict) ? 'not provided' : 'provided');
	return shape(task.state === 'cancelled' ? 'off by policy' : 'not provided');
}

function bar(task) {
	const known = task.total > 0;
	return h('p', {},
		h('progress', { id: `progress-${task.task}`, 'aria-label': taskName(task), max: known ? task.total : null, value: known ? task.done : null }),
		known ? ` ${Math.floor((100 * task.done) / task.total)} %` : null);
}

function resultOf(task, open) {
	const told = Object.entries(task.result || {}).filter(([, value]) => value !== '' && value !== null);
	return told.length ? h('details', { class: 'reason', id: `result-${task.task}`, open },
		h('summary', { id: `summary-result-${task.task}` }, h('span', { class: 'text' }, 'What came of it')),
		facts(...told.map(([name, value]) => [RESULTS[name] || words(name), typeof value === 'object' ? JSON.stringify(value) : String(value)]))) : null;
}

function taskRow(task, open, onCancel) {
	return h('li', { class: 'task' },
		h('p', { class: 'state' }, mark(task), h('strong', {}, `${taskName(task)}: ${stateWord(task)}`)),
		goesOn(task) ? bar(task) : null,
		task.words ? h('p', {}, sentence(task.words)) : null,
		h('p', { class: 'quiet' }, 'Begun by ', task.started_by, ', ', moment(task.started), task.ended ? ['; ended ', moment(task.ended)] : null, '.'),
		resultOf(task, open.has(`result-${task.task}`)),
		goesOn(task) ? h('p', {}, h('button', { type: 'button', class: 'second', id: `cancel-${task.task}`, 'aria-label': `Cancel: ${taskName(task)}`, onclick: () => onCancel(task) }, 'Cancel')) : null);
}

// box: where the part stands now, so that what a person has opened stays open. failed: why the last button did not work, or null.
export function tasksPart({ tasks, error, failed }, box, onVerify, onCancel) {
	const open = new Set([...box.querySelectorAll('details[open]')].map((one) => one.id));
	const verifying = tasks.some((task) => task.operation === 'log.verify' && goesOn(task));
	return [
		h('h2', { id: 'tasks' }, 'What takes longer'),
		h('p', {}, 'The device can go through its whole log and say whether anything in it was changed or is missing.'),
		h('p', {}, h('button', { type: 'button', id: 'verify-log', 'aria-disabled': verifying ? 'true' : null, onclick: onVerify }, 'Verify the log')),
		failed ? trouble(failed) : null,
		error ? trouble(error) : null,
		tasks.length ? h('ul', { class: 'tasks' }, tasks.map((task) => taskRow(task, open, onCancel))) : null,
	];
}
