//! Runs the program, and acts as the person.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Mutex;

use emulator::{Emulator, Fault, Provider, Site};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStderr, Command};

/// A home folder for one test, with an environment that has nothing from outside.
pub(crate) struct Home {
    pub(crate) folder: TempDir,
    variables: Vec<(String, String)>,
    /// Everything that the program has printed, except for tokens that were asked for.
    heard: Mutex<String>,
}

/// A run that has ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A run that has not ended.
pub(crate) struct Running<'a> {
    home: &'a Home,
    child: Child,
    err: Lines<BufReader<ChildStderr>>,
    heard: String,
}

impl Home {
    /// A home where nothing is configured.
    pub(crate) fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_str().unwrap().to_owned();
        let variables = vec![("HOME".to_owned(), home), ("PATH".to_owned(), std::env::var("PATH").unwrap())];
        Self { folder, variables, heard: Mutex::default() }
    }

    /// A home whose environment has the settings of one provider.
    pub(crate) fn of(site: &Site) -> Self {
        let mut home = Self::empty();
        for (name, value) in site.environment() {
            if !name.ends_with("_REFRESH_TOKEN") {
                home.set(name, value);
            }
        }
        if site.provider() == Provider::GoTo {
            home.set("GOTO_AUTHORIZE_URL", site.authorize_url().unwrap());
            home.set("GOTO_REVOCATION_URL", site.revocation_url().unwrap());
        }
        home
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.unset(name);
        self.variables.push((name.to_owned(), value.into()));
    }

    /// Returns the value of a variable that is set.
    pub(crate) fn variable(&self, name: &str) -> &str {
        &self.variables.iter().find(|(known, _)| known == name).expect("it is set").1
    }

    pub(crate) fn unset(&mut self, name: &str) {
        self.variables.retain(|(known, _)| known != name);
    }

    /// The value of a variable, taken out of the environment.
    pub(crate) fn take(&mut self, name: &str) -> String {
        let value = self.variables.iter().find(|(known, _)| known == name).unwrap().1.clone();
        self.unset(name);
        value
    }

    /// Writes a file, private to its owner.
    pub(crate) fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        set_mode(&path, 0o600);
        path
    }

    /// Writes the configuration file where the program looks for it.
    pub(crate) fn configure(&self, text: &str) -> PathBuf {
        self.write(".config/tokenctl/config.toml", text)
    }

    /// The files of the records in the store.
    pub(crate) fn records(&self) -> Vec<PathBuf> {
        let Ok(folder) = std::fs::read_dir(self.store()) else { return Vec::new() };
        let files = folder.map(|entry| entry.unwrap().path());
        files.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect()
    }

    /// The default folder of the store.
    pub(crate) fn store(&self) -> PathBuf {
        self.folder.path().join(".local/state/auth-layer")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tokenctl"));
        command.args(arguments).env_clear().kill_on_drop(true);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs the program to its end, with standard input closed.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Ran {
        let output = self.command(arguments).stdin(Stdio::null()).output().await.unwrap();
        let ran = Ran {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        self.hear(arguments, &ran);
        ran
    }

    /// Runs the program with standard output closed at its other end.
    pub(crate) async fn run_unheard(&self, arguments: &[&str]) -> Ran {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = self.command(arguments);
        let child = command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        let output = child.wait_with_output().await.unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        Ran { code: output.status.code().unwrap(), out: String::new(), err }
    }

    /// Starts the program with standard input open.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running<'_> {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let err = BufReader::new(child.stderr.take().unwrap()).lines();
        Running { home: self, child, err, heard: String::new() }
    }

    fn hear(&self, arguments: &[&str], ran: &Ran) {
        let mut heard = self.heard.lock().unwrap();
        heard.push_str(&ran.err);
        // These commands print tokens on request.
        if !matches!(arguments.first(), Some(&("token" | "header"))) {
            heard.push_str(&ran.out);
        }
    }

    /// Signs in as a person does, by the browser.
    pub(crate) async fn sign_in(&self, site: &Site) -> Ran {
        let mut login = self.start(&["login", "goto", "--no-browser"]);
        let page = login.page().await;
        visit(&site.approve(&page).unwrap()).await;
        login.end().await
    }

    /// Fails if the program has ever printed one of these.
    #[track_caller]
    pub(crate) fn kept_quiet_about(&self, secrets: &[&str]) {
        let heard = self.heard.lock().unwrap();
        for secret in secrets {
            assert!(secret.len() > 3, "no secret");
            assert!(!heard.contains(secret), "a secret was printed:\n{heard}");
        }
    }
}

impl Running<'_> {
    /// Waits for a line that satisfies a test.
    pub(crate) async fn line(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        while let Some(line) = self.err.next_line().await.unwrap() {
            self.heard.push_str(&line);
            self.heard.push('\n');
            if wanted(&line) {
                return line;
            }
        }
        panic!("it ended without that line:\n{}", self.heard);
    }

    /// The page that the person is sent to.
    pub(crate) async fn page(&mut self) -> String {
        self.line(|line| line.starts_with("http")).await
    }

    /// Types a line.
    pub(crate) async fn paste(&mut self, line: &str) {
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin.write_all(format!("{line}\n").as_bytes()).await.unwrap();
        stdin.flush().await.unwrap();
    }

    /// Closes standard input.
    pub(crate) fn close(&mut self) {
        self.child.stdin.take();
    }

    /// Presses Ctrl-C.
    #[cfg(unix)]
    pub(crate) async fn interrupt(&self) {
        let id = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().await.unwrap().success());
    }

    /// Waits for the end.
    pub(crate) async fn end(mut self) -> Ran {
        while let Some(line) = self.err.next_line().await.unwrap() {
            self.heard.push_str(&line);
            self.heard.push('\n');
        }
        let mut out = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut out).await.unwrap();
        let code = self.child.wait().await.unwrap().code().unwrap();
        let ran = Ran { code, out, err: self.heard };
        self.home.hear(&[], &ran);
        ran
    }
}

impl Ran {
    /// Fails and shows the output if the exit code is another one.
    #[track_caller]
    pub(crate) fn ended_with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// Fails unless standard error has each of these.
    #[track_caller]
    pub(crate) fn told(self, expected: &[&str]) -> Self {
        for expected in expected {
            assert!(self.err.contains(expected), "`{expected}` is not in:\n{}", self.err);
        }
        self
    }

    /// Fails unless standard output has each of these.
    #[track_caller]
    pub(crate) fn showed(self, expected: &[&str]) -> Self {
        for expected in expected {
            assert!(self.out.contains(expected), "`{expected}` is not in:\n{}", self.out);
        }
        self
    }
}

pub(crate) async fn emulator() -> (Emulator, Site) {
    let emulator = Emulator::builder().start().await.unwrap();
    let site = emulator.site(Provider::GoTo).clone();
    (emulator, site)
}

/// A token endpoint that answers with exactly this.
pub(crate) fn answer(code: u16, body: &str) -> Fault {
    Fault::Status { code, body: body.to_owned(), headers: Vec::new() }
}

/// Acts as a browser that goes to a page of this machine without following redirects. Returns the status.
pub(crate) async fn visit(url: &str) -> u16 {
    let (authority, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(authority).await.unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

pub(crate) fn set_mode(path: &std::path::Path, mode: u32) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;

        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    #[cfg(not(unix))]
    let _ = (path, mode);
}
