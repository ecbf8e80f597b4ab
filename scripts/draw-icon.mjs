/** Draws media/icon.png from media/icon.svg (the marketplace and VS Code want a PNG). Run by hand after a change. */
import { chromium } from 'playwright-core';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findBrowser } from './lib/browser.mjs';
import { repository } from './lib/paths.mjs';

const size = 256;

const browser = await chromium.launch({ executablePath: findBrowser(), args: ['--no-sandbox'] });
const page = await browser.newPage({ viewport: { width: size, height: size } });
const svg = await readFile(join(repository, 'media/icon.svg'), 'utf8');
await page.setContent(`<style>body{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${svg}`);
await writeFile(join(repository, 'media/icon.png'), await page.screenshot({ omitBackground: true }));
await browser.close();
