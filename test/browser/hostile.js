// SPDX-License-Identifier: Apache-2.0
// Every page of the manufacturer's server, the staff's and everybody's, with something hostile in all that is stored (test/hostile): no script runs, nothing
// breaks the policy, nothing is asked of anybody else, and what the browser made of the page is elements and attributes of ours. And each of them, with each
// answer to a form, is what a page has to be (clean.js), in both languages: a new page is among them by its row in the catalog of operations, and one that is not fails.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { invalid, lax, places, skeleton, tooWide, unclean } from './clean.js';
import { look } from './support.js';

const BUILD = process.env.TW_BUILD || fileURLToPath(new URL('../../build', import.meta.url));
const HEADER = readFileSync(fileURLToPath(new URL('../../src/formats/html.h', import.meta.url)), 'utf8');
const listed = (macro) => [...HEADER.match(new RegExp(`#define ${macro}\\(X\\)([^]*?[^\\\\])\\n`))[1].matchAll(/"([^"]+)"/g)].map((one) => one[1]);
const ELEMENTS = listed('TW_HTML_ELEMENTS');
const ATTRIBUTES = [...listed('TW_HTML_ATTRIBUTES'), 'href', 'action'];
const SAYS = ['value', 'aria-label', 'content', 'href', 'action'];

async function withHostile(test, skip) {
	if (!existsSync(join(BUILD, 'src/support/thingward-support')))
		skip('the support service is not built');
	const child = spawn('/usr/bin/python3', [fileURLToPath(new URL('../hostile/serve.py', import.meta.url))], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, TW_BUILD: BUILD } });
	const ended = new Promise((go) => { child.on('exit', go); });
	try {
		const line = await Promise.race([new Promise((go) => { createInterface(child.stdout).once('line', go); }), ended]);
		assert.equal(typeof line, 'string', 'the server with hostile text did not start');
		await test(JSON.parse(line));
	} finally {
		child.stdin.end();
		await ended;
	}
}

// In the page, as the browser read it.
function strange([elements, attributes, says]) {
	const found = [];
	for (const one of document.querySelectorAll('*')) {
		const name = one.localName;
		if (name === 'script' && one.outerHTML === '<script src="/passkey.js" defer=""></script>')
			continue;
		if (!elements.includes(name) || one.namespaceURI !== 'http://www.w3.org/1999/xhtml')
			found.push(`element ${name}`);
		for (const { name: key, value } of one.attributes)
			if (!attributes.includes(key) || (/twx/i.test(value) && !says.includes(key)))
				found.push(`${key}="${value}" of ${name}`);
		for (const url of [one.href, one.action].filter((u) => typeof u === 'string' && u))
			if (!/^(https|mailto|tel):/.test(url) || (name !== 'a' && new URL(url).origin !== location.origin))
				found.push(`address ${url} of ${name}`);
	}
	return found;
}

const EVERYTHING = process.env.TW_HOSTILE === 'all';
const inLanguage = (path, tag) => `${path}${path.includes('?') ? '&' : '?'}lang=${tag}`;

// What is wrong with the pages so far, and what was judged of them: a validator sees a page of each form, axe each that has an element in a place it has not seen.
class Judge {
	constructor(origin) {
		Object.assign(this, { origin, faults: [], asked: [], forms: new Set(), places: new Set() });
	}

	note(where, wrong) {
		this.faults.push(...wrong.map((one) => `${where}: ${one}`));
	}

	watch(page) {
		page.on('request', (request) => { if (!request.url().startsWith(`${this.origin}/`)) this.asked.push(`${page.url()}: ${request.url()}`); });
		return page.exposeFunction('twxran', () => this.faults.push(`${page.url()}: a script ran`));
	}

	// Whether there is anything new to see on it.
	async text(where, text) {
		const form = skeleton(text), known = this.forms.has(form), fresh = [...places(text)].filter((one) => !this.places.has(one));
		if (!known)
			this.note(where, await invalid(text));
		this.forms.add(form);
		fresh.forEach((one) => this.places.add(one));
		return fresh.length > 0 || (EVERYTHING && !known);
	}

	async harmless(where, page) {
		this.note(where, await page.evaluate(strange, [ELEMENTS, ATTRIBUTES, SAYS]));
		this.note(where, await page.evaluate(() => window.twViolations));
		this.note(where, await tooWide(page));
	}

	async seen(where, page) {
		this.note(where, await unclean(page, EVERYTHING));
	}
}

// What a form answered, shown again as it came.
async function showAgain(page, url, one) {
	const at = `${url}${one.path}`;
	const { 'content-length': size, connection, ...headers } = one.headers; // of that line
	await page.route(at, (route) => route.fulfill({ status: one.status, headers, body: one.text }));
	await page.goto(at);
	await page.unroute(at);
}

async function asRole(judge, { open }, said, role) {
	const wide = await open('about:blank'), narrow = await open('about:blank', { width: 320 });
	for (const page of [wide, narrow]) {
		await judge.watch(page);
		if (said.sessions[role])
			await page.context().addCookies([{ name: '__Host-session', value: said.sessions[role], url: said.url, secure: true, httpOnly: true, sameSite: 'Strict' }]);
	}
	const whole = new Set();
	for (const [, path, name] of said.pages.filter(([one]) => one === role)) {
		const [english, german] = await Promise.all([wide.goto(`${said.url}${path}`), narrow.goto(`${said.url}${inLanguage(path, 'de')}`)]);
		assert.ok(english.status() < 500 && german.status() < 500, `${path}: ${english.status()}, ${german.status()}`);
		if (english.ok() && path.startsWith('/desk') === new URL(wide.url()).pathname.startsWith('/desk')) // and not the login
			whole.add(name);
		judge.note(path, lax(english.headers()));
		const fresh = await judge.text(path, await english.text());
		await judge.text(inLanguage(path, 'de'), await german.text());
		if (!wide.url().includes('/.well-known/')) // which speaks the language of its document
			assert.deepEqual([path, await wide.getAttribute('html', 'lang'), await narrow.getAttribute('html', 'lang')], [path, 'en', 'de']);
		await judge.harmless(path, wide);
		await judge.harmless(`${path}, narrow`, narrow);
		if (fresh)
			await judge.seen(path, wide);
		await look(wide, `${role}-${path.slice(1).replace(/[^\w]+/g, '-').slice(0, 80)}`);
	}
	return whole;
}

// Each is valid; those with something new to see are looked at.
async function asAnswers(judge, { open }, said, answers) {
	const wide = await open('about:blank'), narrow = await open('about:blank', { width: 320 });
	await judge.watch(wide);
	await judge.watch(narrow);
	for (const one of answers) {
		const where = `${one.operation} ${one.status} ${one.rule} ${one.language}`;
		judge.note(where, lax(one.headers));
		if (!await judge.text(where, one.text))
			continue;
		await Promise.all([showAgain(wide, said.url, one), showAgain(narrow, said.url, one)]);
		await judge.harmless(where, wide);
		await judge.harmless(`${where}, narrow`, narrow);
		await judge.seen(where, wide);
		await look(wide, `answer-${where.replace(/[^\w]+/g, '-')}`);
	}
}

// Every operation that has a page was seen: what is read, as a page of its own; a form, when it was done and when it was refused.
function missing(said, whole, answers) {
	const refused = new Set(answers.filter((one) => one.status >= 400).map((one) => one.operation)), done = new Set(said.done);
	return Object.entries(said.operations).flatMap(([name, method]) => (method === 'GET' ? [!whole.has(name) && `${name} was never seen`] : [!done.has(name) && `${name} was never done`, !refused.has(name) && !said.accepting.includes(name) && `${name} was never refused`])).filter(Boolean);
}

async function everyPage(world) {
	await withHostile(async (said) => {
		assert.deepEqual(said.wrong, []);
		assert.ok(said.pages.length > 100, `${said.pages.length} pages`);
		const judge = new Judge(said.url), whole = new Set(), answers = JSON.parse(readFileSync(said.answers, 'utf8'));
		for (const role of new Set(said.pages.map(([one]) => one)))
			(await asRole(judge, world, said, role)).forEach((name) => whole.add(name));
		await asAnswers(judge, world, said, answers);
		assert.deepEqual([missing(said, whole, answers), judge.faults, judge.asked], [[], [], []]);
	}, world.skip);
}

export const hostile = [['hostile: every page and answer of the manufacturer\'s server, with hostile text in it, is valid, accessible, narrow and printable, and runs, loads and obeys nothing that was stored', everyPage]];
