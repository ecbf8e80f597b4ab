import { describe, expect, it } from 'vitest';
import { contentSecurityPolicy, contentSecurityRules, pageHtml } from '../../../src/host/page-html.js';

const sources = { cspSource: 'https://files.example', nonce: 'abc123' };

describe('the page', () => {
  it('may load nothing that is not listed', () => {
    expect(contentSecurityPolicy(sources)).toMatch(/^default-src 'none';/);
  });

  it('may run its one script and nothing inline or evaluated', () => {
    const policy = contentSecurityPolicy(sources);
    expect(policy).toContain("script-src 'nonce-abc123'");
    expect(policy).not.toMatch(/unsafe|eval|\*/);
  });

  it('may not reach the network', () => {
    expect(contentSecurityPolicy(sources)).not.toContain('connect-src');
    expect(contentSecurityPolicy({ ...sources, cspSource: 'SRC' })).not.toMatch(/https?:/);
  });

  it('gives a reason for every rule, and each directive once', () => {
    const rules = contentSecurityRules(sources);
    for (const rule of rules) expect(rule.reason.length).toBeGreaterThan(20);
    expect(new Set(rules.map((rule) => rule.directive)).size).toBe(rules.length);
  });

  it('shows a file name as text, never as markup', () => {
    const html = pageHtml({
      ...sources,
      script: 'page.js',
      stylesheet: 'page.css',
      title: '</title><script>x</script>',
    });
    expect(html).toContain('&lt;/title&gt;&lt;script&gt;');
    expect(html.match(/<script/g)).toHaveLength(1);
  });
});
