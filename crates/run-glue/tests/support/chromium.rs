//! A headless Chromium, spoken to over its pipe: <https://chromedevtools.github.io/devtools-protocol/>. It can reach nothing: all that
//! it would fetch goes to a proxy which notes the request and answers nothing.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

/// How long an answer may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running browser with one page.
pub(crate) struct Chromium {
    process: Child,
    to: File,
    from: Receiver<Value>,
    /// Read, but asked for by nobody yet.
    events: VecDeque<Value>,
    next: u64,
    session: Option<String>,
    /// First lines of what came to the proxy.
    requests: Arc<Mutex<Vec<String>>>,
    _folder: TempDir,
}

impl Chromium {
    /// Starts it.
    pub(crate) fn start(program: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let proxy = proxy(Arc::clone(&requests));
        let [to, from] = ["to", "from"].map(|name| folder.path().join(name));
        assert!(Command::new("mkfifo").args([&to, &from]).status().unwrap().success());
        // The shell opens the pipes as the descriptors that Chromium reads and writes.
        let script = "exec \"$0\" \"$@\" 3<\"$PIPE_TO\" 4>\"$PIPE_FROM\"";
        let flags = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-default-apps",
            "--disable-extensions",
            "--disable-sync",
            "--disable-features=OptimizationHints,MediaRouter,Translate,NetworkTimeServiceQuerying",
            "--remote-debugging-pipe",
            "--proxy-bypass-list=<-loopback>",
            "about:blank",
        ];
        let process = Command::new("sh")
            .args(["-c", script])
            .arg(program)
            .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
            .arg(format!("--proxy-server={proxy}"))
            .args(flags)
            .env("PIPE_TO", &to)
            .env("PIPE_FROM", &from)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let to = OpenOptions::new().write(true).open(&to).unwrap();
        let from = BufReader::new(File::open(&from).unwrap());
        let (send, receive) = channel();
        std::thread::spawn(move || {
            for message in from.split(0).map_while(Result::ok) {
                if send.send(serde_json::from_slice(&message).unwrap()).is_err() {
                    break;
                }
            }
        });
        let mut this = Self {
            process,
            to,
            from: receive,
            events: VecDeque::new(),
            next: 0,
            session: None,
            requests,
            _folder: folder,
        };
        let target = this.call("Target.createTarget", json!({"url": "about:blank"}))["targetId"].clone();
        let session = this.call("Target.attachToTarget", json!({"targetId": target, "flatten": true}));
        this.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Network", "Runtime", "Log"] {
            this.call(&format!("{domain}.enable"), json!({}));
        }
        this
    }

    /// Calls a method and waits for what it gives.
    pub(crate) fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.next += 1;
        let mut message = json!({"id": self.next, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.to.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let answer = self.from.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("{method}: {error}"));
            if answer["id"] == json!(self.next) {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].clone();
            }
            self.events.push_back(answer);
        }
    }

    /// Goes to an address and waits until it is loaded.
    pub(crate) fn open(&mut self, address: &str) {
        self.events.clear();
        self.call("Page.navigate", json!({"url": address}));
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            let event = self.from.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("{address}: {error}"));
            self.events.push_back(event);
        }
    }

    /// A window so wide and high, in the light or the dark theme.
    pub(crate) fn look(&mut self, width: u32, height: u32, theme: &str) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.call("Emulation.setDeviceMetricsOverride", size);
        let features = json!([{"name": "prefers-color-scheme", "value": theme}]);
        self.call("Emulation.setEmulatedMedia", json!({"features": features}));
    }

    /// What an expression gives, which may be a promise.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Value {
        let how = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.call("Runtime.evaluate", how);
        assert!(answer.get("exceptionDetails").is_none(), "{answer}");
        answer["result"]["value"].clone()
    }

    /// A key is pressed.
    pub(crate) fn press(&mut self, key: &str, code: u32) {
        for kind in ["keyDown", "keyUp"] {
            let of = json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code});
            self.call("Input.dispatchKeyEvent", of);
        }
    }

    /// Addresses that the page asked for since it was opened.
    pub(crate) fn asked_for(&self) -> Vec<String> {
        let events = self.events.iter().filter(|event| event["method"] == "Network.requestWillBeSent");
        events.map(|event| event["params"]["request"]["url"].as_str().unwrap().to_owned()).collect()
    }

    /// Exceptions and what else the page complained about since it was opened.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let is = |event: &&Value| event["method"] == "Runtime.exceptionThrown" || event["method"] == "Log.entryAdded";
        self.events.iter().filter(is).map(ToString::to_string).collect()
    }

    /// First lines of everything that came to the proxy, but for what the browser asks its maker by itself, whatever is open.
    pub(crate) fn requests(&self) -> Vec<String> {
        const OF_THE_BROWSER: [&str; 3] = [".google.com", ".googleapis.com", ".gvt1.com"];
        let host = |line: &str| {
            let address = line.split(' ').nth(1).unwrap_or_default();
            let address = address.strip_prefix("http://").unwrap_or(address);
            address.split(['/', ':']).next().unwrap_or_default().to_owned()
        };
        let is_own = |line: &&String| OF_THE_BROWSER.iter().any(|domain| host(line).ends_with(domain));
        self.requests.lock().unwrap().iter().filter(|line| !is_own(line)).cloned().collect()
    }

    /// The whole page as PNG, in base64.
    pub(crate) fn screenshot(&mut self, whole: bool) -> String {
        let shot = self.call("Page.captureScreenshot", json!({"captureBeyondViewport": whole}));
        shot["data"].as_str().unwrap().to_owned()
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.to.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A proxy that notes what it is asked for; its address.
fn proxy(requests: Arc<Mutex<Vec<String>>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
            let mut line = String::new();
            let _ = BufReader::new(stream.take(1000)).read_line(&mut line);
            // The browser opens connections ahead, too, over which nothing comes.
            if !line.trim().is_empty() {
                requests.lock().unwrap().push(line.trim().to_owned());
            }
        }
    });
    address
}
