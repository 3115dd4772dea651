// SPDX-License-Identifier: Apache-2.0
// Runs the browser tests and closes with "N passed, M failed, K skipped".
//   node run.js [WORD...]      only tests whose name holds every word (or words)
// A test gets the browser and calls `skip(why)` when what it needs is not on this machine.
// Tests mostly wait, and none knows of another: two processes with a browser each take the next one from this list, until it is empty.

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { haveBrowser, openBrowser, openPage, violations } from './browser.js';
import { access } from './access.js';
import { following } from './following.js';
import { login } from './login.js';
import { many } from './many.js';
import { outside } from './outside.js';
import { pages } from './pages.js';
import { pasting } from './pasting.js';
import { places } from './places.js';
import { prove } from './prove.js';
import { recover } from './recover.js';
import { hostile } from './hostile.js';
import { real } from './real.js';
import { realAccess } from './real-access.js';
import { realPasskey } from './real-passkey.js';
import { realWays } from './real-ways.js';
import { rights } from './rights.js';
import { support } from './support.js';
import { supportPasskeys } from './support-passkeys.js';
import { waysIn } from './ways.js';
import { wifi } from './wifi.js';

const LANES = 2;
const SLOW_S = 3; // what takes longer says how long

class Skip extends Error {}
const skip = (why) => { throw new Skip(why); };
const wanted = process.argv.slice(2);
// The longest first: no lane is left with one of them when the other has nothing to do any more.
const tests = [...hostile, ...support, ...supportPasskeys, ...real, ...realAccess, ...realPasskey, ...realWays, ...pages, ...places, ...access, ...many, ...rights, ...login, ...pasting, ...prove, ...recover, ...outside, ...waysIn, ...wifi, ...following].filter(([name]) => wanted.every((word) => name.includes(word)));
const told = { passed: 0, failed: 0, skipped: 0 };

function tell(outcome, name, more) {
	told[outcome]++;
	if (outcome === 'passed')
		console.log(`ok ${name}${more}`);
	else if (outcome === 'skipped')
		console.log(`SKIPPED ${name}: ${more}`);
	else
		console.log(`FAILED ${name}\n  repeat: test/browser/run '${name}'\n${more}`);
}

// Opens pages for a test and, when it is done, holds each of them to what must never happen.
function opener(browser) {
	const opened = [];
	const open = async (url, look) => {
		const one = await openPage(browser, look);
		opened.push(one);
		await one.page.goto(url);
		return one.page;
	};
	const close = async (hold) => {
		const faults = [];
		for (const { page, context, faults: seen } of opened) {
			faults.push(...seen, ...(hold ? await violations(page) : []));
			await context.close();
		}
		if (hold)
			assert.deepEqual(faults, [], 'no script of others, no breach of the policy, no uncaught error');
	};
	return { open, close };
}

async function runOne(browser, name, test) {
	const { open, close } = opener(browser), start = Date.now();
	try {
		await test({ open, skip, browser });
		await close(true);
		const seconds = (Date.now() - start) / 1000;
		tell('passed', name, seconds < SLOW_S ? '' : ` (${seconds.toFixed(1)} s)`);
	} catch (error) {
		await close(false);
		if (error instanceof Skip)
			tell('skipped', name, error.message);
		else
			tell('failed', name, error.stack);
	}
}

// A lane: runs whichever test it is given, and says when it is ready for the next.
async function lane() {
	const { browser, close } = await openBrowser();
	process.send({ ready: true });
	for await (const at of takes()) {
		const [name, test] = tests[at];
		await runOne(browser, name, test);
		process.send({ ready: true, told });
	}
	await close();
}

async function* takes() {
	for (;;) {
		const [message] = await once(process, 'message');
		if (message.at === undefined)
			return;
		yield message.at;
	}
}

// Gives each lane one test after the other. What a lane that ended early had in its hands has failed.
async function direct(queue) {
	const child = fork(fileURLToPath(import.meta.url), wanted, { env: { ...process.env, TW_BROWSER_LANE: '1' } });
	let holds, counts = {};
	child.on('message', ({ told: now = {} }) => {
		counts = now;
		holds = queue.shift();
		child.send({ at: holds });
	});
	const [code, signal] = await once(child, 'exit');
	for (const outcome of Object.keys(counts))
		told[outcome] += counts[outcome];
	if (holds !== undefined)
		tell('failed', tests[holds][0], `its process ended with ${signal || code}`);
	else if (code)
		tell('failed', 'a process of the browser tests', `it ended with ${signal || code}`);
}

if (process.env.TW_BROWSER_LANE) {
	await lane();
	process.exit(0);
}
if (tests.length === 0)
	tell('failed', wanted.join(' '), 'no test has these words in its name');
else if (haveBrowser()) {
	const queue = tests.map((_, at) => at);
	await Promise.all(tests.slice(0, LANES).map(() => direct(queue)));
	if (queue.length)
		tell('failed', `${queue.length} browser tests`, 'nobody was left to run them');
} else {
	for (const [name] of tests)
		tell('skipped', name, 'chromium is not installed');
}
console.log(`${told.passed} passed, ${told.failed} failed, ${told.skipped} skipped`);
process.exit(told.failed ? 1 : 0);
