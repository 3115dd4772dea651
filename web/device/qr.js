// SPDX-License-Identifier: Apache-2.0
// A text as a QR code (ISO/IEC 18004), for a camera that looks at the screen: bytes, the lowest level of correction, which a screen needs no more than,
// and always the same mask: any mask is read, and choosing among them is for what gets worn.

import { s } from './dom.js';

// By version, from 1: bytes of correction in a block, and blocks.
const CORRECTION = [7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24];
const BLOCKS = [1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6];
const QUIET = 4;

function all(version) {
	const n = Math.floor(version / 7) + 2;
	const bits = (16 * version + 128) * version + 64 - (version > 1 ? (25 * n - 10) * n - 55 : 0) - (version > 6 ? 36 : 0);
	return Math.floor(bits / 8);
}

const room = (version) => all(version) - CORRECTION[version - 1] * BLOCKS[version - 1];

// In the field of 256 elements, by x^8 + x^4 + x^3 + x^2 + 1.
function times(a, b) {
	let product = 0;
	for (let bit = 7; bit >= 0; bit--)
		product = (product << 1) ^ ((product >>> 7) * 0x11d) ^ (((b >>> bit) & 1) * a);
	return product;
}

function corrected(data, size) {
	const divisor = [...Array(size - 1).fill(0), 1];
	for (let i = 0, root = 1; i < size; i++, root = times(root, 2))
		divisor.forEach((one, j) => { divisor[j] = times(one, root) ^ (divisor[j + 1] || 0); });
	const rest = Array(size).fill(0);
	for (const byte of data) {
		const factor = byte ^ rest.shift();
		rest.push(0);
		divisor.forEach((one, i) => { rest[i] ^= times(one, factor); });
	}
	return rest;
}

const binary = (number, digits) => number.toString(2).padStart(digits, '0');

function dataOf(bytes, version) {
	const size = room(version);
	const bits = `0100${binary(bytes.length, version < 10 ? 8 : 16)}${[...bytes].map((byte) => binary(byte, 8)).join('')}0000`.slice(0, size * 8);
	const data = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0').match(/.{8}/g).map((one) => parseInt(one, 2));
	while (data.length < size)
		data.push(data.length % 2 === (Math.ceil(bits.length / 8)) % 2 ? 0xec : 0x11);
	return data;
}

// The bytes of all blocks, one of each in turn.
function interleaved(data, version) {
	const [size, count] = [CORRECTION[version - 1], BLOCKS[version - 1]];
	const short = Math.floor(data.length / count);
	const blocks = [];
	for (let i = 0, at = 0; i < count; i++) {
		const length = short + (i >= count - (data.length % count) ? 1 : 0);
		blocks.push(data.slice(at, at += length));
	}
	const turn = (list) => [...Array(Math.max(...list.map((one) => one.length))).keys()].flatMap((i) => list.map((one) => one[i])).filter((byte) => byte !== undefined);
	return [...turn(blocks), ...turn(blocks.map((one) => corrected(one, size)))];
}

function remainder(value, generator, digits) {
	let rest = value;
	for (let i = 0; i < digits; i++)
		rest = (rest << 1) ^ ((rest >>> (digits - 1)) * generator);
	return (value << digits) | rest;
}

// The patterns that are the same in all codes of a version; a module that is not set there is free for data.
function patterns(version) {
	const size = version * 4 + 17;
	const modules = [...Array(size)].map(() => Array(size).fill(null));
	const set = (x, y, dark) => { if (modules[y] && x in modules[y]) modules[y][x] = Boolean(dark); };
	const square = (x, y, reach, light) => {
		for (let dy = -reach; dy <= reach; dy++)
			for (let dx = -reach; dx <= reach; dx++)
				set(x + dx, y + dy, !light.includes(Math.max(Math.abs(dx), Math.abs(dy))));
	};
	for (let i = 0; i < size; i++)
		[[6, i], [i, 6]].forEach(([x, y]) => set(x, y, i % 2 === 0));
	for (const [x, y] of [[3, 3], [size - 4, 3], [3, size - 4]])
		square(x, y, 4, [2, 4]);
	const n = Math.floor(version / 7) + 2;
	const step = Math.floor((version * 8 + n * 3 + 5) / (n * 4 - 4)) * 2;
	const places = version > 1 ? [6, ...[...Array(n - 1).keys()].map((i) => size - 7 - i * step)] : [];
	for (const x of places)
		for (const y of places)
			if (!(x === 6 && (y === 6 || y === size - 7)) && !(y === 6 && x === size - 7))
				square(x, y, 2, [1]);
	const format = remainder(0b01000, 0x537, 10) ^ 0x5412;
	for (let i = 0; i < 15; i++) {
		const dark = (format >>> i) & 1;
		set(8, i < 6 ? i : i < 8 ? i + 1 : size - 15 + i, dark);
		set(i < 8 ? size - 1 - i : i < 9 ? 7 : 14 - i, 8, dark);
	}
	set(8, size - 8, true);
	for (let i = 0, bits = remainder(version, 0x1f25, 12); version > 6 && i < 18; i++) {
		const [a, b] = [size - 11 + (i % 3), Math.floor(i / 3)];
		set(a, b, (bits >>> i) & 1);
		set(b, a, (bits >>> i) & 1);
	}
	return modules;
}

function filled(modules, bytes) {
	const size = modules.length;
	let at = 0;
	for (let right = size - 1; right > 0; right -= right === 8 ? 3 : 2)
		for (let i = 0; i < size; i++)
			for (const x of [right, right - 1]) {
				const y = (right + 1) & 2 ? i : size - 1 - i;
				if (modules[y][x] === null)
					modules[y][x] = Boolean((bytes[at >> 3] >>> (7 - (at++ & 7))) & 1) !== ((x + y) % 2 === 0);
			}
	return modules;
}

// Dark modules by row and column; null: the text is too long.
export function qrModules(text) {
	const bytes = new TextEncoder().encode(text);
	const version = CORRECTION.findIndex((_, i) => bytes.length + (i < 9 ? 2 : 3) <= room(i + 1)) + 1;
	return version ? filled(patterns(version), interleaved(dataOf(bytes, version), version)) : null;
}

export function qr(text, label) {
	const modules = qrModules(text);
	if (!modules)
		return null;
	const size = modules.length + 2 * QUIET;
	const path = modules.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x + QUIET} ${y + QUIET}h1v1h-1z` : ''))).join('');
	return s('svg', { 'viewBox': `0 0 ${size} ${size}`, 'class': 'qr', 'role': 'img', 'aria-label': label }, s('rect', { width: size, height: size, fill: 'white' }), s('path', { d: path, fill: 'black' }));
}
