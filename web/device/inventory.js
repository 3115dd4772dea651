// SPDX-License-Identifier: Apache-2.0
// What is installed, and how it stands to the files that are there: the last check as a picture and a list, a new one to begin, and
// the packages, filtered as one types.

import { call, get, post } from './api.js';
import { bars, byId, count, field, h, moment, say, sentence, shape, table, titled, trouble } from './dom.js';
import { TASK_MS, goesOn, lookAgain, taskEnd } from './tasks.js';

const OPERATION = 'inventory.check';
const ROWS = 100; // packages at first, and with each press for more
const KINDS = { 'changed': 'Changed', 'missing': 'Missing', 'unknown-executable': 'Executable of no package' };
const BY = {
	name: 'it is not there as a file of its own', md5: 'by its MD5', sha1: 'by its SHA-1', sha256: 'by its SHA-256',
	elf: 'a program', script: 'a script', closed: 'it cannot be read',
};

// ---- what the device says ----

function answer({ list, findings }) {
	if (!list.value || !findings.value)
		return ['not provided', 'This device cannot say what is installed.', 'What it answered stands below.'];
	const { changed, missing, unknown, checked_before: before, skipped, unread, broken } = findings.value;
	const fault = broken ? ` ${count(broken, 'file or folder cannot', 'files and folders cannot')} be read though nobody has closed them: the disk may be failing.` : '';
	const names = count(list.value.count, 'package is', 'packages are');
	if (!before)
		return ['off by policy', `${names} installed; the files were not checked yet.`, 'The list is what the package database says. Whether the files are still as they were installed, only a check tells.'];
	if (changed || missing || unknown)
		return ['not provided', 'The files differ from what is installed.', `${count(changed, 'file is', 'files are')} changed, ${missing} missing; ${count(unknown, 'executable belongs', 'executables belong')} to no package. Each is a reason to look, and no proof of an attack.${fault}`];
	if (broken)
		return ['not provided', 'Not all files could be read.', `What could be read is as it was installed.${fault}`];
	return ['provided', 'The files are as they were installed.', unread || skipped ? 'Some could not be read, and nothing is said of those.' : 'Nothing is changed or missing, and no executable is there that belongs to no package.'];
}

function answerPart(now) {
	const [status, title, what] = answer(now);
	return [h('h1', { class: 'answer' }, shape(status), h('span', {}, title)), h('p', { class: 'lead' }, what),
		[now.list, now.findings].filter((one) => one.error).map((one) => trouble(one.error))];
}

// The counts as bars of one length for one number, each with its number in words beside it.
function picturePart({ value }) {
	if (!value || !value.checked_before)
		return [h('h2', { id: 'checked' }, 'The last check'), value ? h('p', {}, 'There was none yet.') : null];
	const same = Math.max(0, value.checked - value.changed - value.missing - value.unread);
	return [
		h('h2', { id: 'checked' }, 'The last check'),
		h('p', {}, 'It ended ', moment(value.ended), '. Looked at: ', count(value.checked, 'file of a package', 'files of packages'), ' and ', count(value.executables, 'executable', 'executables'), '.'),
		bars([['As installed', same, 'good'], ['Changed', value.changed, 'bad'], ['Missing', value.missing, 'bad'], ['Executables of no package', value.unknown, 'bad'],
			['Not read', value.unread, 'off'], ['Folders not looked into', value.skipped, 'off'], ...(value.broken ? [['Not given by the disk', value.broken, 'bad']] : [])]),
	];
}

function checkPart({ task, failed }, begin, cancel) {
	const running = task && goesOn(task);
	const percent = running && task.total ? Math.floor((100 * task.done) / task.total) : null;
	return [
		failed ? trouble(failed) : null,
		h('p', {}, h('button', { type: 'button', id: 'check-files', 'aria-disabled': running ? 'true' : null, onclick: begin }, 'Check the files')),
		running ? h('p', {}, h('progress', { 'id': 'check-progress', 'aria-label': 'Checking the files', 'max': percent === null ? null : 100, 'value': percent }), percent === null ? null : ` ${percent} %`) : null,
		running && task.words ? h('p', { class: 'quiet breaks' }, sentence(task.words)) : null,
		running ? h('p', {}, h('button', { type: 'button', class: 'second', id: 'check-cancel', onclick: cancel }, 'Cancel the check')) : null,
		task && task.state === 'failed' ? h('p', { class: 'note' }, taskEnd(task)) : null,
	];
}

function findingsPart({ value }) {
	if (!value || !value.checked_before)
		return [];
	const all = value.changed + value.missing + value.unknown;
	const rows = value.findings.map((one) => [h('code', { class: 'breaks' }, one.path), KINDS[one.kind] || one.kind, BY[one.by] || one.by]);
	return [
		h('h2', { id: 'findings' }, 'What it found'),
		rows.length ? table(all > rows.length ? `${rows.length} of ${all} are listed.` : count(rows.length, 'finding.', 'findings.'), ['File', 'What', 'How it was told'], rows) : h('p', {}, 'Nothing.'),
		rows.some((row) => /MD5|SHA-1/.test(row[2])) || !rows.length ? h('p', { class: 'quiet' }, 'MD5 and SHA-1 show accidents and carelessness. They do not stop somebody who prepares a file to pass.') : null,
	];
}

const fits = (one, words) => words.every((word) => [one.name, one.version, one.architecture, one.supplier || '', one.licence || ''].some((text) => text.toLowerCase().includes(word)));

function packagesPart({ packages, filter, rows }, more) {
	const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
	const found = packages.filter((one) => fits(one, words));
	const shown = found.slice(0, rows);
	const caption = `${words.length ? `${found.length} of ${packages.length} fit` : count(packages.length, 'package', 'packages')}${shown.length < found.length ? `; the first ${shown.length} are shown` : ''}.`;
	return [
		shown.length ? table(caption, ['Name', 'Version', 'For', 'From'], shown.map((one) => [h('span', { class: 'breaks' }, one.name), h('span', { class: 'breaks' }, one.version), one.architecture, [one.supplier, one.licence].filter(Boolean).join(', ') || h('span', { class: 'quiet' }, 'not said')]))
			: h('p', {}, packages.length ? 'None fits.' : 'There is none.'),
		shown.length < found.length ? h('p', {}, h('button', { type: 'button', class: 'second', id: 'packages-more', onclick: more }, `Show ${Math.min(ROWS, found.length - shown.length)} more`)) : null,
	];
}

// ---- the place ----

export function inventoryPlace({ again, busy, change, leave, part, putIfNew }) {
	const typed = field('package-filter', 'Only those with', 'Any part of name, version, maker or licence; several with blanks between.', { maxlength: 80, oninput: () => onFilter() });
	let packages = [];
	let rows = ROWS;
	let task = null;
	let failed = null;
	let timer = 0;

	const showPackages = () => putIfNew('packages', [packages, typed.input.value, rows], () => packagesPart({ packages, filter: typed.input.value, rows }, onMore));
	const showCheck = () => {
		putIfNew('check', [task, failed], () => checkPart({ task, failed }, begin, cancel));
		clearTimeout(timer);
		if (task && goesOn(task))
			timer = setTimeout(follow, TASK_MS);
	};

	function onFilter() {
		rows = ROWS;
		showPackages();
		const caption = byId('part-packages').querySelector('caption');
		say(caption ? caption.textContent : 'None fits.');
	}

	function onMore() {
		rows += ROWS;
		showPackages();
	}

	async function follow() {
		if (!byId('part-check') || document.hidden || !task)
			return;
		const now = await lookAgain(task, leave);
		if (!now)
			return;
		({ task } = now);
		failed = now.failed || failed;
		if (!goesOn(task)) {
			say(taskEnd(task));
			again(0);
		}
		showCheck();
	}

	const begin = () => busy(byId('check-files'), async () => {
		failed = null;
		try {
			task = await get(`/api/v1/tasks/${(await post('/api/v1/inventory/check')).task}`);
			say('The device has begun to check its files.');
		} catch (error) {
			if (error.status === 401) {
				leave('Your session has ended.');
				return;
			}
			failed = error;
		}
		showCheck();
	});
	const cancel = () => change('check-cancel', 'check-failed', () => call('DELETE', `/api/v1/tasks/${task.task}`));

	return {
		path: '#/software',
		name: 'Software',
		frame: () => [
			h('section', { id: 'part-inventory' }),
			h('section', { 'aria-labelledby': 'checked' }, h('div', { id: 'part-picture' }), h('div', { id: 'part-check' }), h('div', { id: 'check-failed' })),
			h('section', { id: 'part-findings' }),
			titled('packages', 'What is installed', typed.box, h('div', { id: 'part-packages' })),
		],
		read: async () => ({ list: await part('/api/v1/inventory', 'packages'), findings: await part('/api/v1/inventory/findings', 'findings'), tasks: await part('/api/v1/tasks?limit=20') }),
		show: (now) => {
			document.title = 'Software';
			packages = now.list.value ? now.list.value.packages : [];
			task = (now.tasks.value ? now.tasks.value.tasks : []).find((one) => one.operation === OPERATION) || null;
			putIfNew('inventory', now, () => answerPart(now));
			putIfNew('picture', now.findings, () => picturePart(now.findings));
			putIfNew('findings', now.findings, () => findingsPart(now.findings));
			showCheck();
			showPackages();
		},
	};
}

