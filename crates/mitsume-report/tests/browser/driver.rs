//! A small WebDriver client for ChromeDriver.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use base64::Engine;
use serde_json::{Value, json};

/// A ChromeDriver with one headless Chromium; both are ended when it is dropped.
pub struct Browser {
    session: String,
    // Fields are dropped in this order.
    _driver: Driver,
    _profile: tempfile::TempDir,
}

/// The ChromeDriver process, which is ended even if starting a browser fails.
struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The window, and whether it is a phone's.
#[derive(Clone, Copy)]
pub struct Screen {
    pub width: u32,
    pub height: u32,
    pub phone: bool,
}

pub const DESKTOP: Screen = Screen {
    width: 1280,
    height: 900,
    phone: false,
};
pub const PHONE: Screen = Screen {
    width: 360,
    height: 740,
    phone: true,
};

impl Browser {
    /// Starts both.
    ///
    /// # Panics
    /// If ChromeDriver or Chromium is not installed or does not start.
    pub fn start(screen: Screen) -> Self {
        let child = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver must be installed: run scripts/test-report.sh");
        let mut driver = Driver(child);
        let mut lines = BufReader::new(driver.0.stdout.take().unwrap()).lines();
        let port = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                line.split("started successfully on port ")
                    .nth(1)?
                    .trim_end_matches('.')
                    .parse::<u16>()
                    .ok()
            })
            .expect("chromedriver tells its port");
        // The output is read, or the driver would block on a full pipe.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));

        let profile = tempfile::tempdir().unwrap();
        let root = format!("http://127.0.0.1:{port}/session");
        let reply = call(&root, Some(&capabilities(screen, profile.path())));
        let id = reply["sessionId"]
            .as_str()
            .expect("Chromium must start")
            .to_owned();
        Self {
            session: format!("{root}/{id}"),
            _driver: driver,
            _profile: profile,
        }
    }

    /// Opens a file.
    pub fn open(&self, path: &Path) {
        self.post("url", &json!({"url": format!("file://{}", path.display())}));
    }

    /// Runs a function body in the page and returns what it returns.
    pub fn run(&self, script: &str) -> Value {
        self.post("execute/sync", &json!({"script": script, "args": []}))
    }

    /// Clicks the first element that a CSS selector finds.
    pub fn click(&self, selector: &str) {
        // A click during scrolling would miss its target.
        self.run("document.documentElement.style.scrollBehavior = 'auto'");
        let element = self.element(selector);
        self.post(&format!("element/{element}/click"), &json!({}));
    }

    /// Types into the first element that a CSS selector finds.
    pub fn type_into(&self, selector: &str, text: &str) {
        let element = self.element(selector);
        self.post(&format!("element/{element}/value"), &json!({"text": text}));
    }

    /// Chooses the option `value` of a select.
    pub fn choose(&self, id: &str, value: &str) {
        self.click(&format!("#{id} option[value=\"{value}\"]"));
    }

    /// Emulates a colour scheme, "light" or "dark".
    pub fn scheme(&self, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.devtools("Emulation.setEmulatedMedia", &json!({"features": features}));
    }

    /// Emulates paper `width` pixels wide.
    pub fn print_media(&self, width: u32) {
        self.devtools("Emulation.setEmulatedMedia", &json!({"media": "print"}));
        let paper =
            json!({"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", &paper);
    }

    /// How many A4 sheets the page is printed on.
    pub fn pdf_pages(&self) -> usize {
        let paper = json!({"paperWidth": 8.27, "paperHeight": 11.69});
        let pdf = self.devtools("Page.printToPDF", &paper);
        let text = pdf["data"].as_str().unwrap();
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(text)
            .unwrap();
        // The page tree of the PDF is not compressed and has the page count.
        let text = String::from_utf8_lossy(&bytes);
        let pages = text.split("/Type /Page").skip(1);
        pages.filter(|rest| !rest.starts_with('s')).count()
    }

    /// Everything on the console, and uncaught errors.
    pub fn console(&self) -> Vec<String> {
        self.log("browser")
            .iter()
            .map(|entry| entry["message"].to_string())
            .collect()
    }

    /// URLs requested since the last call, without data URIs.
    pub fn requests(&self) -> Vec<String> {
        let events = self.log("performance");
        let messages = events
            .iter()
            .filter_map(|event| serde_json::from_str::<Value>(event["message"].as_str()?).ok());
        messages
            .filter(|message| message["message"]["method"] == "Network.requestWillBeSent")
            .map(|message| message["message"]["params"].clone())
            // Skips the browser's start page and the frames in it.
            .filter(|request| {
                let document = text(&request["documentURL"]);
                !["chrome:", "chrome-untrusted:"]
                    .iter()
                    .any(|scheme| document.starts_with(scheme))
            })
            .map(|request| text(&request["request"]["url"]).to_owned())
            .filter(|url| !url.starts_with("data:"))
            .collect()
    }

    /// Lets pages save files, into this folder.
    pub fn download_to(&self, folder: &Path) {
        let parameters = json!({"behavior": "allow", "downloadPath": folder});
        self.devtools("Browser.setDownloadBehavior", &parameters);
    }

    /// A picture of the screen.
    pub fn screenshot(&self, path: &Path) {
        let picture = self.devtools("Page.captureScreenshot", &json!({"format": "png"}));
        let text = picture["data"].as_str().unwrap();
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(text)
            .unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.post(
            "goog/cdp/execute",
            &json!({"cmd": command, "params": parameters}),
        )
    }

    fn element(&self, selector: &str) -> String {
        let found = self.post(
            "element",
            &json!({"using": "css selector", "value": selector}),
        );
        let element = found.as_object().and_then(|object| object.values().next());
        element
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("no {selector}"))
            .to_owned()
    }

    fn log(&self, kind: &str) -> Vec<Value> {
        self.post("se/log", &json!({"type": kind}))
            .as_array()
            .cloned()
            .unwrap_or_default()
    }

    fn post(&self, command: &str, body: &Value) -> Value {
        call(&format!("{}/{command}", self.session), Some(body))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ends Chromium; the driver alone would leave it running.
        let _ = ureq::delete(&self.session).call();
    }
}

fn capabilities(screen: Screen, profile: &Path) -> Value {
    let mut args = vec![
        // No smooth scrolling, so that clicks meet their target.
        "--force-prefers-reduced-motion".to_owned(),
        "--headless".to_owned(),
        // Containers lack the privileges for a sandbox, and the pages are trusted.
        "--no-sandbox".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        // Disables the browser's own traffic, so that all requests seen are the page's.
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        "--disable-sync".to_owned(),
        "--disable-quic".to_owned(),
        "--no-first-run".to_owned(),
        format!("--user-data-dir={}", profile.display()),
    ];
    let mut options = json!({});
    if screen.phone {
        let metrics = json!({"width": screen.width, "height": screen.height, "pixelRatio": 2.0});
        options["mobileEmulation"] = json!({"deviceMetrics": metrics});
    } else {
        args.push(format!("--window-size={},{}", screen.width, screen.height));
    }
    options["args"] = json!(args);
    json!({"capabilities": {"alwaysMatch": {
        "browserName": "chrome",
        "goog:chromeOptions": options,
        "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
    }}})
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Sends one command and returns the `value` of the reply.
fn call(url: &str, body: Option<&Value>) -> Value {
    let request = ureq::post(url).config().http_status_as_error(false).build();
    let mut reply = request.send_json(body).expect("the driver answers");
    let mut reply: Value = reply
        .body_mut()
        .with_config()
        .limit(64 << 20)
        .read_json()
        .unwrap();
    let value = reply["value"].take();
    assert!(value.get("error").is_none(), "{url}: {value}");
    value
}
