//! Debian's chromium without a window, spoken to over a pipe: its DevTools protocol is JSON with a zero byte behind
//! each message, on file descriptors 3 and 4. No port, no web socket, no dependency.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Names of the program, in this order.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/// A browser with one page.
pub(super) struct Browser {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    calls: u64,
    session: String,
    /// What it told without being asked.
    events: Vec<Value>,
    _profile: TempDir,
    _alone: MutexGuard<'static, ()>,
}

/// One browser at a time, so that times are those of one.
static ALONE: Mutex<()> = Mutex::new(());

/// The browser of this machine.
fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    NAMES.iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|file| file.is_file()))
}

impl Browser {
    /// Starts a browser; says so and gives none where there is none.
    pub(super) fn start() -> Option<Self> {
        let Some(program) = program() else {
            println!("SKIPPED: no chromium in PATH; the site is not looked at in a browser");
            return None;
        };
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let profile = tempfile::tempdir().unwrap();
        // The shell moves the pipes to where the protocol is spoken. There is no sandbox for root, and the pages are ours.
        let script = "exec \"$0\" --headless --no-sandbox --disable-gpu --no-first-run --disable-dev-shm-usage \
                      --disable-background-networking --remote-debugging-pipe \
                      --user-data-dir=\"$1\" about:blank 3<&0 4>&1 0</dev/null 1>/dev/null 2>/dev/null";
        let mut child = Command::new("sh")
            .args(["-c", script])
            .arg(program)
            .arg(profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (to, out) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (sender, from) = channel();
        std::thread::spawn(move || {
            let messages = BufReader::new(out).split(0).map_while(Result::ok);
            for message in messages.filter_map(|message| serde_json::from_slice(&message).ok()) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let mut browser = Self {
            child,
            to,
            from,
            calls: 0,
            session: String::new(),
            events: Vec::new(),
            _profile: profile,
            _alone: alone,
        };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let attached = browser.call("Target.attachToTarget", attach);
        browser.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            browser.call(domain, json!({}));
        }
        browser.call("Performance.enable", json!({"timeDomain": "threadTicks"}));
        Some(browser)
    }

    /// Asks for something and waits for the answer.
    pub(super) fn call(&mut self, method: &str, params: Value) -> Value {
        self.calls += 1;
        let mut message = json!({"id": self.calls, "method": method, "params": params});
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        self.to.write_all(message.to_string().as_bytes()).unwrap();
        self.to.write_all(&[0]).unwrap();
        self.to.flush().unwrap();
        let started = Instant::now();
        loop {
            let left = PATIENCE.saturating_sub(started.elapsed());
            let answer = self.from.recv_timeout(left).unwrap_or_else(|_| panic!("no answer to {method}"));
            if answer["id"] == json!(self.calls) {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].clone();
            }
            self.events.push(answer);
        }
    }

    /// Opens a page and waits until it is loaded.
    pub(super) fn open(&mut self, address: &str) {
        // Another fragment of the same page would load nothing.
        self.events.retain(|event| event["method"] != "Page.loadEventFired");
        if address.contains('#') {
            self.call("Page.navigate", json!({"url": "about:blank"}));
            self.loaded();
        }
        self.call("Page.navigate", json!({"url": address}));
        self.loaded();
    }

    fn loaded(&mut self) {
        let started = Instant::now();
        let is_load = |event: &Value| event["method"] == "Page.loadEventFired";
        while !self.events.iter().any(is_load) {
            let left = PATIENCE.saturating_sub(started.elapsed());
            let event = self.from.recv_timeout(left).expect("the page is never loaded");
            self.events.push(event);
        }
        self.events.retain(|event| !is_load(event));
    }

    /// Milliseconds of processor time that pages took of the browser's main thread so far: other work on the machine does
    /// not count.
    pub(super) fn worked(&mut self) -> f64 {
        let answer = self.call("Performance.getMetrics", json!({}));
        let metrics = answer["metrics"].as_array().unwrap();
        let task = metrics.iter().find(|metric| metric["name"] == "TaskDuration").unwrap();
        1000.0 * task["value"].as_f64().unwrap()
    }

    /// The value of an expression, or of a promise, in the page.
    pub(super) fn eval(&mut self, expression: &str) -> Value {
        let ask = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.call("Runtime.evaluate", ask);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Presses a key and lets it go.
    pub(super) fn press(&mut self, key: &str, code: u32, text: &str) {
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code});
            if kind == "keyDown" && !text.is_empty() {
                event["text"] = json!(text);
            }
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// A window of this width, and pages for a light or a dark ground.
    pub(super) fn look(&mut self, width: u32, dark: bool) {
        let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", size);
        let scheme = if dark { "dark" } else { "light" };
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.call("Emulation.setEmulatedMedia", features);
    }

    /// Errors of pages since the last call.
    pub(super) fn errors(&mut self) -> Vec<String> {
        // What is on its way arrives before the answer.
        self.eval("0");
        let is_error = |event: &Value| match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => true,
            Some("Runtime.consoleAPICalled") => event["params"]["type"] == "error",
            Some("Log.entryAdded") => event["params"]["entry"]["level"] == "error",
            _ => false,
        };
        let errors = self.events.iter().filter(|event| is_error(event)).map(Value::to_string).collect();
        self.events.clear();
        errors
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It ends by itself when its pipe does; this makes sure.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
