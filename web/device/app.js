// SPDX-License-Identifier: Apache-2.0
// What the page does: finds out which of three states the device and this browser are in, and shows the one page for it.
//   no owner yet           take it over with the label's secret, then confirm at the device's console
//   owned, nobody here     log in by name and password, or enter a one-use code
//   owned, signed in       the place that the address names, home first; read again every REFRESH_MS while it is looked at
// What a person typed is never thrown away by a failure.

import { Refused, askTakeover, call, claimTakeover, forgetSession, forgetTakeover, get, getAll, keepSession, onProof, pendingRecovery, pendingTakeover, post, putAwayPrevious, session } from './api.js';
import { accessPlace } from './access.js';
import { accountsPlace } from './accounts.js';
import { actionsPlace } from './actions.js';
import { byId, field, h, minutes, say, sentence, show, titled, trouble } from './dom.js';
import { abilitiesPart, answerPart, frame, identityPart, put, settingId, settingsPart } from './home.js';
import { identityPlace } from './identity.js';
import { inventoryPlace } from './inventory.js';
import { keysPlace } from './keys.js';
import { forgetTyped, onEnd } from './lists.js';
import { logCard } from './log.js';
import { cameBefore, loginSection } from './login.js';
import { noticeParts, readNotice } from './notice.js';
import { noticePlace } from './notice-edit.js';
import { takeReturn } from './outside.js';
import { peersPlace } from './peers.js';
import { policyPlace } from './policy.js';
import { proving, stopProving } from './prove.js';
import { recipientsPlace } from './recipients.js';
import { recordedPlace } from './recorded.js';
import { recoverNote, recoverPage, waitPage } from './recover.js';
import { revokedPlace } from './revoked.js';
import { rolesPlace } from './roles.js';
import { secretField } from './secret.js';
import { selfPlace } from './self.js';
import { sessionsPlace } from './sessions.js';
import { sharedPlace } from './shared.js';
import { TASK_MS, goesOn, taskEnd, tasksPart } from './tasks.js';
import { waysPlaces } from './ways.js';
import { wifiPlace } from './wifi.js';

const REFRESH_MS = 20000;
const CLAIM_MS = 2000;
const TICK_MS = 15000;
const TASKS = 5;

const main = byId('main');
let timer = 0;
let taskTimer = 0;

function page(title, ...children) {
	clearTimeout(timer);
	clearTimeout(taskTimer);
	document.title = title;
	say(title);
	show(main, ...children);
	main.focus({ preventScroll: true });
}

const fingerprint = (hex) => (hex || '').replace(/(.{4})(?=.)/g, '$1 ');

// Runs a form's work with its button off, so that a second press does not send twice.
async function busy(button, work) {
	if (button.getAttribute('aria-disabled') === 'true')
		return;
	button.setAttribute('aria-disabled', 'true');
	try {
		await work();
	} finally {
		button.removeAttribute('aria-disabled');
	}
}

// ---- no owner yet ----

const HEX32 = /^[0-9a-f]{32}$/;

function secretProblem(secret) {
	if (/[^0-9a-f]/.test(secret))
		return 'The secret has only the digits 0 to 9 and the letters a to f.';
	return HEX32.test(secret) ? '' : `The secret has 32 characters; there are ${secret.length} here.`;
}

function nameProblem(name) {
	const size = new TextEncoder().encode(name).length;
	return size === 0 ? 'Type a name, so that the records can say who it was.' : size > 48 ? 'The name is too long; take a shorter one.' : '';
}

function trustNote(commissioning) {
	return h('section', { class: 'note', 'aria-labelledby': 'who-answers' },
		h('h2', { id: 'who-answers' }, 'Are you talking to the right device?'),
		h('p', {}, 'This page cannot see it; you can. Open your browser’s certificate view and compare the SHA-256 fingerprint of the public key with the one on the label.'),
		commissioning.listener ? h('p', {}, 'This device says: ', h('code', { class: 'breaks' }, fingerprint(commissioning.listener))) : null,
		h('p', {}, 'If they differ, or if you cannot compare and do not trust the network, stop and use the command line, which compares them itself: ', h('code', {}, 'thingward device takeover'), '.'));
}

// What a person must know before, since it cannot be mended afterwards.
function lastsNote() {
	return h('section', { class: 'note', 'aria-labelledby': 'how-long' },
		h('h2', { id: 'how-long' }, 'How long it lasts'),
		h('p', {}, 'From a browser you get one session of half an hour. Give yourself a password in it, under Your account, and you can come back by name and password. Or take the device over with the command line instead, which keeps a key and makes codes for browsers.'),
		h('p', {}, 'Without a password, the only way back in after a take-over from a browser is to recover the device at its console. That ends ownership and undoes every changed setting.'));
}

function takeoverPage(commissioning) {
	const secret = secretField('secret', 'Secret from the label', 'The 32 digits and letters beside the word “secret”. Blanks and dashes do not matter.', 'one-time-code', { maxlength: 64, class: 'wide' });
	const name = field('owner', 'Your name', 'The records will call you by it.', { maxlength: 48, autocomplete: 'name', autocapitalize: 'words' });
	const failed = h('div', {});
	const button = h('button', { type: 'submit', id: 'take' }, 'Take it over');
	const submit = (event) => {
		event.preventDefault();
		secret.mask();
		const given = { secret: secret.input.value.toLowerCase().replace(/[\s:-]/g, ''), name: name.input.value.trim() };
		name.setWrong(nameProblem(given.name));
		secret.setWrong(secretProblem(given.secret));
		if (nameProblem(given.name) || secretProblem(given.secret))
			return;
		busy(button, async () => {
			try {
				confirmPage({ ...await askTakeover(given.secret, given.name), button: commissioning.methods.includes('secret+button') });
			} catch (error) {
				show(failed, trouble(error));
			}
		});
	};
	page('This device has no owner yet.',
		h('h1', {}, 'This device has no owner yet.'),
		h('p', { class: 'lead' }, 'Take it over to use it: nothing but this works until then. You need the label that came with it, and you need to stand at the device.'),
		h('form', { onsubmit: submit, novalidate: true }, secret.box, name.box, failed, h('p', {}, button)),
		lastsNote(),
		trustNote(commissioning));
}

// The device makes itself a new listener key when it is taken over, so the browser refuses to go on until a person is asked again.
function newKeyPage() {
	page('This device is yours.',
		h('h1', {}, 'This device is yours.'),
		h('p', { class: 'lead' }, 'It has just made itself a new key, so that whoever knew the old one cannot pass for it. When you go on, your browser asks about its certificate once more; the label no longer fits it.'),
		h('p', {}, h('button', { type: 'button', id: 'go-on', onclick: () => location.reload() }, 'Go on')));
}

function reloadNote() {
	return h('div', { class: 'note' },
		h('p', {}, 'The device has stopped answering this page. It may have restarted, or made itself a new key that your browser wants to ask you about.'),
		h('p', {}, h('button', { type: 'button', id: 'reload', onclick: () => location.reload() }, 'Ask again')));
}

function confirmPage(pending) {
	const left = h('span', {});
	const state = h('div', { id: 'claim-state' });
	const again = () => {
		forgetTakeover();
		start();
	};
	page('Now confirm it at the device.',
		h('h1', {}, 'Now confirm it at the device.'),
		h('p', { class: 'lead' }, 'This shows that you stand before it. At the device’s own console, type:'),
		h('p', { class: 'code' }, h('code', { id: 'console-code' }, `confirm ${pending.code}`)),
		pending.button ? h('p', { id: 'by-button' }, 'Or press the device’s button, once, within a minute of asking.') : null,
		h('p', {}, 'This page goes on by itself. ', left),
		state,
		h('p', {}, h('button', { type: 'button', class: 'second', id: 'start-again', onclick: again }, 'Start again')));
	const ask = async () => {
		left.textContent = pending.ends > Date.now() ? `The code holds for ${minutes(pending.ends - Date.now())} more.` : 'The code is too old now.';
		try {
			if (await claimTakeover(pending)) {
				newKeyPage();
				return;
			}
			show(state);
		} catch (error) {
			if (error instanceof Refused) {
				forgetTakeover();
				show(state, trouble(error));
				return;
			}
			if (!byId('reload'))
				show(state, reloadNote());
		}
		timer = setTimeout(ask, CLAIM_MS);
	};
	timer = setTimeout(ask, CLAIM_MS);
}

// ---- owned, nobody here ----

// Crockford's alphabet: what is easily misread is read as what was meant.
function readCode(text) {
	const plain = text.toUpperCase().replace(/[^0-9A-Z]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1');
	return plain.length === 10 ? `${plain.slice(0, 5)}-${plain.slice(5)}` : null;
}

// The use notice comes before the ways to sign in. Where it cannot be read, the device says so again when somebody tries.
async function enterPage(why) {
	show(main, h('p', { class: 'quiet' }, 'Asking the device for its use notice.'));
	let notice = null;
	try {
		notice = await readNotice();
	} catch (error) {
		why = why || sentence(error.message);
	}
	if (notice)
		page('Before you sign in', ...noticeParts(notice, () => codePage(why, notice.digest)));
	else
		codePage(why);
}

const recovering = {
	page,
	busy,
	back: () => start(),
	repeat: (work, ms) => {
		timer = setTimeout(work, ms);
	},
};

let provider = ''; // what the organization calls the one by which people may log in, too

function codePage(why, accepted, returned) {
	const code = secretField('code', 'One-use code', 'Ten digits and letters, for example 4F7QK-9M2XD.', 'one-time-code', { maxlength: 24, class: 'code-input', autocapitalize: 'characters' });
	const failed = h('div', { id: 'code-failed' });
	const button = h('button', { type: 'submit', id: 'enter' }, 'Sign in by the code');
	const arrive = async (reply) => {
		keepSession(reply);
		await start();
	};
	const renotice = () => enterPage('The use notice has just changed.');
	const submit = (event) => {
		event.preventDefault();
		code.mask();
		const read = readCode(code.input.value);
		code.setWrong(read ? '' : 'A code has ten digits and letters.');
		if (!read)
			return;
		busy(button, async () => {
			try {
				await arrive(await post('/api/v1/sessions', accepted ? { code: read, notice: accepted } : { code: read }));
			} catch (error) {
				if (error.rule === 'LA.SUN.3') {
					await renotice();
					return;
				}
				show(failed, trouble(error));
				code.input.focus();
			}
		});
	};
	page('Sign in.',
		h('h1', {}, 'Sign in.'),
		why ? h('p', { class: 'note' }, why) : null,
		h('p', { class: 'lead' }, `This device has an owner. Come in by ${provider ? `${provider}, by ` : ''}your account’s password, or by a code that somebody makes for you.`),
		loginSection({ page, busy, provider, returned, accepted, arrive, begin: (told) => codePage(told, accepted), renotice }),
		titled('by-code', 'By a one-use code',
			h('form', { onsubmit: submit, novalidate: true }, code.box, failed, h('p', {}, button))),
		h('section', { class: 'note', 'aria-labelledby': 'where-from' },
			h('h2', { id: 'where-from' }, 'Where the code comes from'),
			h('p', {}, 'It works once, within five minutes. An owner or admin makes it on this page, at your account, or on the computer that holds the owner’s key:'),
			h('p', {}, h('code', {}, 'thingward device session code'))),
		recoverNote(() => recoverPage(recovering)));
}

// ---- owned, signed in ----

const drafts = new Map();
const notes = new Map();
let last = {};
let tasks = { tasks: [], error: null, failed: null };
let shown = null; // the place that stands on the page
let question = 0; // an older one that is answered last is for nobody

function sessionBar() {
	const bar = byId('session');
	const kept = session();
	if (!kept) {
		show(bar);
		return;
	}
	const left = `Signed in${kept.name ? ` as ${kept.name}` : ''} for ${minutes(kept.ends - Date.now())} more`;
	if (byId('time-left'))
		byId('time-left').textContent = left;
	else
		show(bar, h('span', { id: 'time-left' }, left), h('button', { type: 'button', class: 'second', id: 'sign-out', onclick: signOut }, 'Sign out'));
}

function leave(why) {
	stopProving();
	forgetSession();
	sessionBar();
	last = {};
	card.forget();
	forgetTyped();
	question++;
	tasks = { tasks: [], error: null, failed: null };
	shown = null;
	byId('device').textContent = 'Device';
	show(byId('places'));
	enterPage(why);
}

async function signOut() {
	stopProving();
	const { before = [] } = session() || {};
	try {
		await Promise.allSettled(before.map((token) => call('DELETE', '/api/v1/sessions/current', { token })));
		await call('DELETE', '/api/v1/sessions/current');
		leave('You are signed out.');
	} catch (error) {
		leave(error instanceof Refused ? 'You are signed out.' : 'This browser has forgotten the session. The device did not answer, so it ends there by itself within half an hour.');
	}
}

// A part that the device refuses is shown as refused; only the end of the session ends the page.
async function part(path, list) {
	try {
		return { value: await (list ? getAll(path, list) : get(path)) };
	} catch (error) {
		if (error.status === 401 || !(error instanceof Refused))
			throw error;
		return { error };
	}
}

async function readDevice(anew) {
	const [state, identity, settings, , work] = [await getAll('/api/v1/capabilities', 'elements'), await part('/api/v1/identity'), await part('/api/v1/settings', 'settings'), await card.read(anew), await part(`/api/v1/tasks?limit=${TASKS}`)];
	return { state, identity, settings: settings.value ? settings.value.settings : [], work };
}

// Shows a part again only when what the device said about it is new; an answer that comes after its place was left is for nobody.
function putIfNew(id, about, make) {
	if (!byId(`part-${id}`))
		return;
	const text = JSON.stringify(about, (name, value) => (value instanceof Error ? String(value.detail) : value));
	if (last[id] === text)
		return;
	last[id] = text;
	put(id, make());
}

const again = (ms) => {
	clearTimeout(timer);
	timer = setTimeout(refresh, ms);
};

const card = logCard({ putIfNew, busy, leave, again });

// Tells which of those that went on have ended, shows all, and looks again soon while one goes on.
function showTasks(answer, failed = null) {
	const now = answer.value ? answer.value.tasks : tasks.tasks;
	for (const task of now)
		if (!goesOn(task) && tasks.tasks.some((before) => before.task === task.task && goesOn(before)))
			say(taskEnd(task));
	tasks = { tasks: now, error: answer.error || null, failed };
	putIfNew('tasks', tasks, () => tasksPart(tasks, byId('part-tasks'), verifyLog, cancelTask));
	clearTimeout(taskTimer);
	if (now.some(goesOn))
		taskTimer = setTimeout(followTasks, TASK_MS);
}

async function followTasks(failed = null) {
	if (document.hidden || !byId('part-tasks') || !session())
		return;
	try {
		showTasks(await part(`/api/v1/tasks?limit=${TASKS}`), failed);
	} catch (error) {
		if (error.status === 401)
			leave('Your session has ended.');
		else
			showTasks({ error }, failed);
	}
}

// Begins or ends a task, and shows how they stand then.
async function changeTask(button, work) {
	await busy(byId(button), async () => {
		try {
			await work();
			await followTasks();
		} catch (error) {
			if (error.status === 401)
				leave('Your session has ended.');
			else
				await followTasks(error);
		}
	});
}

const verifyLog = () => changeTask('verify-log', async () => {
	await post('/api/v1/log/verify');
	say('The device has begun to verify its log.');
});
const cancelTask = (task) => changeTask(`cancel-${task.task}`, () => call('DELETE', `/api/v1/tasks/${task.task}`));

function showDevice(now) {
	byId('device').textContent = [now.state.product.model, now.state.product.version].filter(Boolean).join(' ');
	putIfNew('answer', [now.state.elements, now.state.product, now.state.time.trusted], () => answerPart(now.state));
	putIfNew('abilities', [now.state.elements, now.state.sandbox, now.settings], () => abilitiesPart(now.state, now.settings, byId('part-abilities')));
	putIfNew('identity', now.identity, () => identityPart(now.identity.value, now.identity.error));
	putIfNew('settings', now.settings, () => settingsPart(now.settings, drafts, notes, saveSetting));
	card.show();
	showTasks(now.work);
}

function noteSetting(key, ...content) {
	notes.set(key, h('div', {}, content));
	show(byId(settingId('outcome', key)), notes.get(key));
}

// Version 3 of a setting is replaced only if it is still version 3; if not, the choice is kept and shown beside the news.
async function saveSetting(setting, value) {
	await busy(byId(settingId('save', setting.key)), async () => {
		try {
			await call('PUT', `/api/v1/settings/${encodeURIComponent(setting.key)}`, { body: { value }, ifMatch: `"${setting.version}"` });
			drafts.delete(setting.key);
			noteSetting(setting.key, h('p', { class: 'done' }, `Saved: ${value}.`));
			say(`Saved: ${value}.`);
		} catch (error) {
			if (error.status === 401) {
				leave('Your session has ended.');
				return;
			}
			drafts.set(setting.key, value);
			noteSetting(setting.key, trouble(error), error.status === 412 || error.status === 409 ? h('p', {}, 'What is so now stands above. Your choice is kept; save again if you still want it.') : null);
		}
		delete last.settings;
		await refresh();
	});
}

// A change that a place makes: with its button off, its refusal shown in the box, and all read again after it. True when it was made; work that answers
// false has found something wrong, has told it, and has sent nothing.
async function change(button, box, work) {
	let made = false;
	await busy(byId(button), async () => {
		try {
			made = await work() !== false;
			show(byId(box));
			if (!made)
				return;
		} catch (error) {
			if (error.status === 401) {
				leave('Your session has ended.');
				return;
			}
			show(byId(box), trouble(error));
			return;
		}
		await refresh();
	});
	return made;
}

onProof(proving(busy));
onEnd(() => leave('Your session has ended.'));

// ---- where one is: #/peers names a place, and anything else is a spot on the page ----

const shared = { again, busy, change, drafts, leave, notes, part, putIfNew, saveSetting };
// Each group has a question of its own, and its places stand in a second line while one is in there.
const made = (...places) => places.map((one) => one(shared));
const GROUPS = [
	['This device', [{ path: '#/', name: 'Home', frame, read: readDevice, show: showDevice }, ...made(identityPlace, inventoryPlace, peersPlace, revokedPlace, keysPlace, wifiPlace)]],
	['Ways in', [...waysPlaces(shared), ...made(noticePlace)]],
	['Who may do what', made(accessPlace, accountsPlace, sharedPlace, sessionsPlace, rolesPlace, actionsPlace, policyPlace)],
	['Data and records', made(recipientsPlace, recordedPlace)],
	['Your account', made(selfPlace)],
];
const PLACES = GROUPS.flatMap(([, places]) => places);
const placeOf = (hash) => PLACES.find((one) => one.path === hash) || (hash.startsWith('#/') ? PLACES[0] : shown || PLACES[0]);
let placesOpen = false; // where there is little room, they stand behind a button

function placesBar(here) {
	const close = { onclick: () => { placesOpen = false; } };
	const link = (one, name, current, more) => h('li', {}, h('a', { 'href': one.path, 'id': `place-${one.path.slice(2).replace('/', '-') || 'home'}`, 'aria-current': current, ...more }, name));
	const turn = (event) => {
		placesOpen = event.currentTarget.getAttribute('aria-expanded') !== 'true';
		event.currentTarget.setAttribute('aria-expanded', String(placesOpen));
	};
	const inside = GROUPS.find(([, places]) => places.includes(here));
	const [group, places] = inside;
	const alone = places.length === 1;
	show(byId('places'),
		h('button', { 'type': 'button', 'class': 'second', 'id': 'places-turn', 'aria-expanded': String(placesOpen), 'onclick': turn }, `Places: ${here.name}`),
		h('ul', {}, GROUPS.map((one) => link(one[1][0], one[0], one !== inside ? null : alone ? 'page' : 'true', one[1].length === 1 ? close : one === inside ? { id: 'place-group' } : {}))),
		alone ? null : h('p', { class: 'live' }, `${group}:`),
		alone ? null : h('ul', { class: 'within' }, places.map((one) => link(one, one.name, one === here ? 'page' : null, close))));
}

// The frame of a place comes before its contents: where one has gone is to be seen at once.
function enterPlace(place) {
	if (shown === place)
		return;
	card.rest();
	clearTimeout(taskTimer);
	last = {};
	show(main, h('div', { id: 'part-trouble' }), h('div', { id: 'part-came' }), ...place.frame(), h('p', { class: 'quiet', id: 'read-at' }));
	placesBar(place);
	if (shown) {
		main.focus({ preventScroll: true });
		scrollTo(0, 0);
		say(place.name);
	}
	shown = place;
}

// anew: nothing that was read before is kept.
async function refresh(anew = false) {
	const place = placeOf(location.hash);
	const mine = ++question;
	clearTimeout(timer);
	sessionBar();
	if (!session()) {
		leave('Your session has ended. Half an hour is its whole life.');
		return;
	}
	try {
		const now = await place.read(anew);
		if (mine !== question || place !== placeOf(location.hash))
			return;
		enterPlace(place);
		place.show(now);
		putIfNew('trouble', null, () => []);
		putIfNew('came', session() && [session().earlier, session().previous], () => cameBefore(session() || {}, () => {
			putAwayPrevious();
			refresh();
		}));
		byId('read-at').textContent = `Read at ${new Date().toLocaleTimeString()}. Read again every ${REFRESH_MS / 1000} seconds while you look.`;
	} catch (error) {
		if (error.status === 401) {
			leave('Your session has ended.');
			return;
		}
		if (mine !== question || place !== placeOf(location.hash))
			return;
		enterPlace(place);
		delete last.trouble;
		put('trouble', [trouble(error), byId('read-at').textContent ? h('p', { class: 'note' }, `What stands below is old. ${sentence(byId('read-at').textContent.split('. ')[0])}`) : null]);
	}
	timer = setTimeout(() => (document.hidden ? null : refresh()), REFRESH_MS);
}

// ---- which of the three ----

async function start() {
	const back = takeReturn();
	const pending = pendingTakeover();
	if (pending && pending.ends > Date.now()) {
		confirmPage(pending);
		return;
	}
	sessionBar();
	if (session()) {
		await refresh();
		return;
	}
	try {
		const commissioning = await get('/api/v1/commissioning');
		provider = commissioning.provider || '';
		if (back && back.body)
			codePage('', back.accepted, back.body);
		else if (commissioning.owned && pendingRecovery())
			waitPage(pendingRecovery(), recovering);
		else if (commissioning.owned)
			await enterPage(back && back.why);
		else
			takeoverPage(commissioning);
	} catch (error) {
		page('The device does not answer.', h('h1', {}, 'The device does not answer.'), trouble(error), h('p', {}, h('button', { type: 'button', onclick: start }, 'Try again')));
	}
}

document.addEventListener('visibilitychange', () => {
	if (document.hidden)
		card.rest();
	else if (session() && shown)
		refresh(true);
});
addEventListener('hashchange', () => {
	if (session() && shown && placeOf(location.hash) !== shown)
		refresh();
});
setInterval(sessionBar, TICK_MS);
start();
