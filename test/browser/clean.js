// SPDX-License-Identifier: Apache-2.0
// What every page of the manufacturer's server is held to, whichever it is: valid HTML, WCAG 2.2 AA as far as axe can tell, room at 320 px and with large text,
// a focus that can be seen, paper, and a policy that lets nothing run. Each check returns what is wrong.

import { HtmlValidate } from 'html-validate';
import { axe, overhang } from './browser.js';

// The writer gives an attribute without a value an empty one, and what people wrote may end its lines in blanks; everything else is as html-validate has it.
const validator = new HtmlValidate({ extends: ['html-validate:recommended', 'html-validate:a11y'], rules: { 'attribute-boolean-style': ['error', { style: 'empty' }], 'no-trailing-whitespace': 'off' } });

const VOID = new Set(['meta', 'link', 'input']);
const TELLING = new Set(['class', 'role', 'type', 'scope']);
const SAYING = new Set(['href', 'action', 'value', 'content', 'datetime', 'aria-label', 'lang', 'hreflang']);

export async function invalid(text) {
	const { results } = await validator.validateString(text);
	return results.flatMap((one) => one.messages.map((m) => `${m.ruleId}: ${m.message} (line ${m.line}, ${text.split('\n')[m.line - 1]?.slice(Math.max(0, m.column - 60), m.column + 60)})`));
}

// Each tag of a page as the writer makes it, in which every element is closed where it was opened; end: it closes one, empty: with nothing in it.
function* tags(text) {
	let behind = 0, opened = false;
	for (const { 0: tag, 1: end, 2: name, 3: rest, index } of text.matchAll(/<(\/?)([a-z0-9]+)((?:\s+[a-z-]+="[^"]*")*)\s*>/g)) {
		if (name !== 'option')
			yield { end: !!end, name, attributes: [...rest.matchAll(/\s+([a-z-]+)="([^"]*)"/g)], empty: opened && !text.slice(behind, index).trim() };
		behind = index + tag.length;
		opened = !end && !VOID.has(name);
	}
}

// What html-validate judges of a page but its words and addresses; neighbours that are alike count once.
export function skeleton(text) {
	const kept = [], open = [];
	for (const { end, name, attributes, empty } of tags(text)) {
		if (!end) {
			if (!VOID.has(name))
				open.push(kept.length);
			kept.push(name + attributes.map(([, key, value]) => `.${key}${SAYING.has(key) ? '' : value}`).join(''));
			continue;
		}
		const from = open.pop(), size = kept.push(empty ? '/!' : '/') - from;
		if (from >= size && kept.slice(from - size, from).join(' ') === kept.slice(from).join(' '))
			kept.length = from;
	}
	return kept.join(' ');
}

// The elements of a page, each with what it is in: what axe judges one by one, as does the style.
export function places(text) {
	const found = new Set(), open = ['', ''];
	for (const { end, name, attributes, empty } of tags(text)) {
		if (end) {
			if (empty)
				found.add(`${open.slice(-2).join('>')} without anything`);
			open.pop();
			continue;
		}
		const own = name + attributes.map(([, key, value]) => `.${key}${TELLING.has(key) ? value : ''}`).join('');
		found.add(`${open.slice(-2).join('>')}>${own}`);
		if (!VOID.has(name))
			open.push(own);
	}
	return found;
}

// Of a page whose focus was last moved by a key: everything that keys reach is seen when they do.
function unseen() {
	const wrong = [];
	for (const one of document.querySelectorAll('a[href], button, input:not([type="hidden"]), select, textarea, summary, [tabindex]')) {
		if (!one.checkVisibility())
			continue;
		one.focus();
		const style = getComputedStyle(one), box = one.getBoundingClientRect();
		const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
		if (document.activeElement !== one || !one.matches(':focus-visible') || !ring || box.width < 1 || box.height < 1 || box.left >= innerWidth || box.right <= 0)
			wrong.push(`the focus is not seen at ${one.outerHTML.slice(0, 120)}`);
	}
	return wrong;
}

// Of a page as paper gets it.
function unprintable() {
	const wrong = [];
	for (const one of document.querySelectorAll('nav, button, .skip'))
		if (one.checkVisibility())
			wrong.push(`paper shows ${one.outerHTML.slice(0, 80)}`);
	for (const one of [document.documentElement, document.body, document.querySelector('main')]) {
		const [red, green, blue, alpha = '1'] = getComputedStyle(one).backgroundColor.match(/[\d.]+/g);
		if (Number(alpha) && Math.min(red, green, blue) < 255)
			wrong.push(`paper is not white but rgb(${red}, ${green}, ${blue})`);
	}
	if (Math.max(...getComputedStyle(document.querySelector('h1')).color.match(/[\d.]+/g).slice(0, 3)) > 64)
		wrong.push('its heading is not dark on paper');
	return wrong;
}

// How it is seen, on a page that is there, as it stands: by axe, by keys and on paper. thorough: by axe in dark and narrow too.
export async function unclean(page, thorough) {
	const found = [];
	const say = async (how, wrong) => found.push(...(await wrong).map((one) => `${how}: ${one}`));
	await say('wide', axe(page));
	await page.keyboard.press('Tab');
	await say('keys', page.evaluate(unseen));
	await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
	await say('print', page.evaluate(unprintable));
	await page.emulateMedia({ media: 'screen', colorScheme: 'light' });
	if (!thorough)
		return found;
	for (const [width, colorScheme] of [[1280, 'dark'], [320, 'light'], [320, 'dark']]) {
		await page.setViewportSize({ width, height: 900 });
		await page.emulateMedia({ colorScheme });
		await say(`${width} px, ${colorScheme}`, axe(page));
	}
	await page.setViewportSize({ width: 1280, height: 900 });
	await page.emulateMedia({ colorScheme: 'light' });
	return found;
}

// At the width it has.
export async function tooWide(page) {
	const over = await overhang(page);
	return over ? [`${over} px wider than its place`] : [];
}

// Of the answer that brought it.
export function lax(headers) {
	const policy = headers['content-security-policy'] ?? '';
	const strict = policy.startsWith("default-src 'none'; ") && ["style-src 'self'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"].every((one) => policy.split('; ').includes(one)) && !/unsafe|\*|https?:|data:/.test(policy);
	return strict ? [] : [`its policy is "${policy}"`];
}
