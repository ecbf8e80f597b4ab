import type { Frame, Page } from 'playwright-core';
import { until } from './until.js';

const pageOfModelInspector = '#model-inspector';

/**
 * The page of the custom editor in one editor group. It lives in a frame inside a frame, which VS Code makes anew
 * whenever the editor is shown again: ask again after hiding, moving or reloading.
 */
export async function findWebviewFrame(page: Page, editorGroup: string): Promise<Frame> {
  return await until('the page of Model Inspector', async () => {
    const group = await page.locator(editorGroup).boundingBox();
    if (!group) return undefined;
    for (const frame of innerFrames(page)) {
      const centre = await centreOf(frame);
      // A webview lies over its editor group, not in it: the place alone tells where it is shown.
      if (!centre || !contains(group, centre)) continue;
      if (await frame.locator(pageOfModelInspector).isVisible()) return frame;
    }
    return undefined;
  });
}

/** Waits until all webviews that are shown have the colours of a theme. */
export async function waitForTheme(page: Page, themeId: string): Promise<void> {
  await until(`webviews in the theme ${themeId}`, async () => {
    for (const frame of innerFrames(page)) {
      const isShown = (await centreOf(frame)) !== undefined;
      if (isShown && (await frame.locator('body').getAttribute('data-vscode-theme-id')) !== themeId) return false;
    }
    return true;
  });
}

/** Frames of a webview's content: those that lie in a frame of the window. */
function innerFrames(page: Page): Frame[] {
  return page.frames().filter((frame) => frame.parentFrame()?.parentFrame() === page.mainFrame());
}

interface Point {
  x: number;
  y: number;
}

async function centreOf(frame: Frame): Promise<Point | undefined> {
  const outer = await frame.parentFrame()?.frameElement();
  const box = await outer?.boundingBox();
  return box && box.width > 0 ? { x: box.x + box.width / 2, y: box.y + box.height / 2 } : undefined;
}

function contains(box: Point & { width: number; height: number }, { x, y }: Point): boolean {
  return x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height;
}
