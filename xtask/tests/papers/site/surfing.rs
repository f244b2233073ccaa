//! The site in a browser.

use std::path::Path;

use mixup_lab::files::manifest::Rank;
use mixup_lab::site;
use mixup_lab::verdicts::verdict::{Status, Verdict};
use serde_json::{Value, json};

use super::browser::Browser;
use super::{address, built};

/// Texts whose contrast to what is behind them is below that of WCAG 2 (4.5, or 3 for large ones), with the contrast.
const CONTRAST: &str = r#"(() => {
    const parse = (color) => (color.match(/[\d.]+/g) || []).map(Number);
    const light = (rgb) => { const [r, g, b] = rgb.slice(0, 3).map((v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
    const behind = (node) => { for (let at = node; at; at = at.parentElement) { const color = parse(getComputedStyle(at).backgroundColor);
        if (color.length === 3 || color[3] === 1) return color; } return [255, 255, 255]; };
    const faults = new Set();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        if (!node.data.trim()) continue;
        const element = node.parentElement, style = getComputedStyle(element);
        const color = parse(element.closest("svg") ? style.fill : style.color), ground = behind(element);
        const [a, b] = [light(color) + 0.05, light(ground) + 0.05];
        const ratio = Math.max(a, b) / Math.min(a, b);
        const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
        if (ratio < (large ? 3 : 4.5)) faults.add(`${element.tagName}.${element.className.baseVal ?? element.className}: ${ratio.toFixed(2)}`);
    }
    return [...faults];
})()"#;

const SHOWN: &str = "[...document.querySelectorAll('#claims tbody tr')].filter((row) => !row.hidden)";

fn choose(browser: &mut Browser, control: &str, value: &str) {
    browser.eval(&format!(
        "(() => {{ const c = document.getElementById('{control}'); c.value = '{value}'; \
         c.dispatchEvent(new Event('input', {{bubbles: true}})); }})()"
    ));
}

/// A column of the rows that are shown.
fn column(browser: &mut Browser, name: &str) -> Vec<String> {
    let values = browser.eval(&format!("{SHOWN}.map((row) => row.dataset['{name}'])"));
    values.as_array().unwrap().iter().map(|value| value.as_str().unwrap().to_owned()).collect()
}

fn fragment(browser: &mut Browser) -> String {
    browser.eval("location.hash").as_str().unwrap().to_owned()
}

#[test]
fn every_page_is_readable_at_any_width_and_on_any_ground() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = built().written();
    let mut faults = Vec::new();
    for (page, _) in built().pages() {
        for (width, dark) in [(1280, false), (1280, true), (360, false)] {
            browser.look(width, dark);
            browser.open(&address(folder.path(), page));
            // What is folded away must be readable as well.
            browser.eval("document.querySelectorAll('details').forEach((known) => { known.open = true; })");
            let contrast = browser.eval(CONTRAST);
            let wide = browser
                .eval("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                .as_f64()
                .unwrap();
            let errors = browser.errors();
            let pictures = browser.eval(
                "Promise.all([...document.images].map((i) => { i.loading = 'eager'; return i.decode().then(() => null, () => i.src); }))",
            );
            let broken: Vec<Value> =
                pictures.as_array().unwrap().iter().filter(|src| !src.is_null()).cloned().collect();
            if contrast != json!([]) || wide > 0.0 || !errors.is_empty() || !broken.is_empty() {
                faults.push(format!(
                    "{page} at {width}, dark {dark}: contrast {contrast}, {wide} pixels too wide, errors {errors:?}, \
                     broken pictures {broken:?}"
                ));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn the_ledger_is_filtered_and_sorted_and_the_address_keeps_it() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = built().written();
    let index = address(folder.path(), "index.html");
    browser.look(1280, false);
    browser.open(&index);
    let judged = || built().committed.iter().flat_map(|paper| paper.verdicts.iter().map(move |v| (paper, v)));
    let primary = judged().filter(|(_, verdict)| verdict.rank == Some(Rank::Primary)).count();
    assert_eq!(column(&mut browser, "claim").len(), primary, "at first the primary claims are shown");

    // "Does RankMixup reproduce?": one choice, and the answer is there.
    choose(&mut browser, "paper", "rankmixup");
    let papers = column(&mut browser, "paper");
    assert!(!papers.is_empty() && papers.iter().all(|paper| paper == "rankmixup"), "{papers:?}");
    choose(&mut browser, "kind", "");
    choose(&mut browser, "verdict", "contradicted");
    let expected = judged()
        .filter(|(paper, verdict)| paper.slug == "rankmixup" && verdict.status == Status::Contradicted)
        .count();
    assert_eq!(column(&mut browser, "claim").len(), expected);
    assert_eq!(fragment(&mut browser), "#paper=rankmixup&verdict=contradicted&kind=");
    let told = browser.eval("document.querySelector('.count').textContent");
    assert!(told.as_str().unwrap().starts_with(&format!("{expected} of ")), "{told}");

    // The address alone brings it back, and reset lets it go.
    browser.open(&format!("{index}#paper=rankmixup&verdict=contradicted&kind=&sort=-effect"));
    assert_eq!(column(&mut browser, "claim").len(), expected);
    let effects: Vec<f64> =
        column(&mut browser, "effect").iter().map(|effect| effect.parse().unwrap()).collect();
    assert!(effects.windows(2).all(|pair| pair[0] >= pair[1]), "{effects:?}");
    let said =
        browser.eval("document.querySelector('[data-sort=effect]').parentNode.getAttribute('aria-sort')");
    assert_eq!(said, "descending");
    browser.eval("document.querySelector('button[type=reset]').click()");
    assert_eq!((column(&mut browser, "claim").len(), fragment(&mut browser).as_str()), (primary, ""));

    // Words are searched in every column, and nothing found is no error.
    browser.eval("document.getElementById('q').value = 'mrl ece'");
    browser.eval("document.getElementById('q').dispatchEvent(new Event('input', {bubbles: true}))");
    let found = column(&mut browser, "paper");
    assert!(!found.is_empty() && found.iter().all(|paper| paper == "rankmixup"), "{found:?}");
    browser.open(&format!("{index}#paper=nobody&kind=nothing&sort=nonsense&x=%20"));
    assert_eq!(column(&mut browser, "claim").len(), primary, "what an address invents is ignored");
    assert_eq!(browser.errors(), Vec::<String>::new());
}

#[test]
fn a_keyboard_is_enough() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = built().written();
    browser.look(1280, false);
    browser.open(&address(folder.path(), "index.html"));
    browser.press("Tab", 9, "");
    assert_eq!(browser.eval("document.activeElement.className"), "skip");
    browser.eval("document.querySelector('[data-sort=cost]').focus()");
    browser.press("Enter", 13, "\r");
    let costs: Vec<f64> = column(&mut browser, "cost").iter().map(|cost| cost.parse().unwrap()).collect();
    assert!(costs.windows(2).all(|pair| pair[0] <= pair[1]), "{costs:?}");
    assert_eq!(fragment(&mut browser), "#sort=cost");
    // A link to a claim unfolds what hides it.
    let paper = built().committed.iter().find(|paper| paper.slug == "rankmixup").unwrap();
    let secondary = paper.verdicts.iter().find(|verdict| verdict.rank == Some(Rank::Secondary)).unwrap();
    let link = format!("{}#claim-{}", address(folder.path(), "papers/rankmixup.html"), secondary.claim);
    browser.open(&link);
    let open = format!("document.getElementById('claim-{}').closest('details').open", secondary.claim);
    assert_eq!(browser.eval(&open), true);
    assert_eq!(browser.errors(), Vec::<String>::new());
}

/// A front page with so many claims.
fn crowded(folder: &Path, count: usize) {
    let mut papers = built().committed.clone();
    let known: Vec<Verdict> = papers.iter().flat_map(|paper| paper.verdicts.clone()).collect();
    let missing = count.saturating_sub(known.len());
    for (index, verdict) in known.iter().cycle().take(missing).enumerate() {
        let mut verdict = verdict.clone();
        verdict.claim = format!("{}-{index}", verdict.claim);
        papers[0].verdicts.push(verdict);
    }
    site::write(folder, &site::files(&papers).unwrap()).unwrap();
}

#[test]
fn a_thousand_claims_open_quickly_and_scroll() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    crowded(folder.path(), 1000);
    browser.look(1280, false);
    let index = format!("{}#kind=", address(folder.path(), "index.html"));
    let filter = "(() => { const q = document.getElementById('q'); q.value = 'ece'; \
        q.dispatchEvent(new Event('input', {bubbles: true})); document.body.offsetHeight; })()";
    let clear = "document.querySelector('button[type=reset]').click(); document.getElementById('kind').value = ''; \
        document.getElementById('kind').dispatchEvent(new Event('input', {bubbles: true}))";
    let scroll = "(async () => { for (let at = 0; at < 40; at++) { window.scrollBy(0, 400); \
        await new Promise((done) => requestAnimationFrame(done)); } })()";
    browser.open(&index);
    // The page has a process of its own, which did nothing before.
    let opened = browser.worked();
    let work = |browser: &mut Browser, act: &dyn Fn(&mut Browser)| {
        let before = browser.worked();
        act(browser);
        browser.worked() - before
    };
    let filtered = work(&mut browser, &|browser| drop(browser.eval(filter)));
    browser.eval(clear);
    let frame = work(&mut browser, &|browser| drop(browser.eval(scroll))) / 40.0;
    let rows = browser.eval(&format!("{SHOWN}.length")).as_u64().unwrap();
    println!(
        "{rows} rows: opened in {opened:.0} ms, filtered in {filtered:.0} ms, {frame:.1} ms a frame of a scroll"
    );
    assert_eq!(rows, 1000);
    // Processor time of the main thread, a second for five hundred; below the lower bounds the clock would have stood still.
    assert!((1.0..2000.0).contains(&opened) && (0.1..400.0).contains(&filtered), "{opened} {filtered}");
    assert!((0.01..33.0).contains(&frame), "{frame}");
    assert_eq!(browser.errors(), Vec::<String>::new());
}
