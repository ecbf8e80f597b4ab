/** The report's one stylesheet. Light or dark as the reader's system asks. */
export const STYLE = `
:root{color-scheme:light dark;--ink:#1f2328;--soft:#59636e;--line:#d1d9e0;--paper:#fff;--card:#f6f8fa;--accent:#0b5cad;--error:#b3261e;--warning:#9a6700;--information:#0b5cad}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9198a1;--line:#3d444d;--paper:#0d1117;--card:#151b23;--accent:#6cb6ff;--error:#ff8b82;--warning:#e0b341;--information:#6cb6ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:14px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1120px;margin:0 auto;padding:32px 24px 64px}
h1{font-size:24px;margin:0 0 4px}h2{font-size:18px;margin:40px 0 8px;border-top:1px solid var(--line);padding-top:24px}h3{font-size:14px;margin:24px 0 8px}
p{margin:4px 0 12px}.note,.legend,figcaption{color:var(--soft);font-size:12.5px}
.badge{display:inline-block;padding:0 8px;border:1px solid var(--warning);color:var(--warning);border-radius:10px;font-size:12px;font-weight:600}
dl.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(200px,1fr));gap:8px 24px;margin:16px 0}dl.facts div{min-width:0}dt{color:var(--soft);font-size:12px}dd{margin:0;overflow-wrap:anywhere}
ul.findings{list-style:none;margin:0;padding:0}ul.findings li{border-left:4px solid var(--line);background:var(--card);margin:6px 0;padding:8px 12px;border-radius:0 6px 6px 0}
ul.findings li.error{border-color:var(--error)}ul.findings li.warning{border-color:var(--warning)}ul.findings li.information{border-color:var(--information)}
ul.findings b{display:inline-block;min-width:88px;font-size:12px}li.error b{color:var(--error)}li.warning b{color:var(--warning)}li.information b{color:var(--information)}
ul.findings p{margin:2px 0 0;color:var(--soft);font-size:13px}
.scroll{overflow:auto;border:1px solid var(--line);border-radius:6px}
table{border-collapse:collapse;width:100%;font-size:13px}th,td{text-align:right;padding:4px 10px;border-bottom:1px solid var(--line);white-space:nowrap}th:first-child,td:first-child,.text{text-align:left}td.text:not(:first-child){white-space:normal;min-width:14em}thead th{white-space:normal;color:var(--soft);font-weight:600;background:var(--card)}tbody tr:last-child td{border-bottom:0}
.strips{display:grid;grid-template-columns:minmax(120px,max-content) 1fr max-content;gap:3px 10px;align-items:center;font-size:12px}.strips img{width:100%;height:16px;image-rendering:pixelated;border:1px solid var(--line);background:repeating-linear-gradient(45deg,var(--line) 0 2px,transparent 2px 5px)}
.maps{display:flex;flex-wrap:wrap;gap:12px}.maps figure{margin:0;width:128px}.maps img,.sheet img{image-rendering:pixelated;height:auto;display:block;border:1px solid var(--line)}.maps figcaption{overflow-wrap:anywhere}.headlines{margin:0 0 12px}.sheet{max-height:420px;padding:8px}h4{font-size:13px;margin:12px 0 4px}
.legend{display:flex;gap:8px;align-items:center;margin:8px 0}.legend i{width:180px;height:10px;border:1px solid var(--line)}
svg text{font:11px system-ui,sans-serif;fill:var(--ink)}svg.graph{max-width:none;display:block;margin:8px}svg.graph rect{fill:var(--card);stroke:var(--soft)}svg.graph rect.open{fill:none;stroke-dasharray:3 3}svg.graph rect.input,svg.graph rect.output{fill:none;stroke:var(--accent)}svg.graph .caption{font-size:10px}
svg polyline{fill:none;stroke:var(--soft);stroke-width:1}svg marker path{fill:var(--soft)}svg.lines polyline{stroke-width:1.6}svg.lines .grid{stroke:var(--line);stroke-width:1;fill:none}p.method{white-space:pre-line}svg.lines .dashed{stroke-dasharray:4 3;stroke-width:1}
svg.histogram rect{fill:var(--accent)}
ul.key{list-style:none;display:flex;flex-wrap:wrap;gap:2px 16px;margin:0;padding:0;font-size:12px}ul.key span{color:var(--ink)}
.units{display:grid;grid-template-columns:repeat(auto-fit,minmax(340px,1fr));gap:16px}.unit{border:1px solid var(--line);border-radius:6px;padding:12px}.unit h4{margin:0 0 6px;font-size:13px}
.examples{display:flex;flex-wrap:wrap;gap:6px;margin-top:8px}.examples figure{margin:0;width:76px}.examples img{width:76px;height:76px;object-fit:contain;image-rendering:pixelated;background:var(--card);border:1px solid var(--line)}.examples figcaption{font-size:11px;overflow-wrap:anywhere}
.tokens{font:12px/1.9 ui-monospace,monospace;margin:4px 0;overflow-wrap:anywhere}
details{margin-top:10px}details summary{cursor:pointer;color:var(--accent)}footer{margin-top:48px;color:var(--soft);font-size:12px}
`;
