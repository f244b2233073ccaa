//! A web server on loopback that answers from a script.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// What to answer to one request.
#[derive(Clone)]
pub struct Reply {
    status: &'static str,
    headers: Vec<String>,
    body: Vec<u8>,
    linger: Duration,
}

impl Reply {
    /// 200 with the whole body.
    pub fn full(body: &[u8]) -> Self {
        Self::with("200 OK", body.len(), body)
    }

    /// 200 without a length; the end of the connection is the end of the body.
    pub fn unmeasured(body: &[u8]) -> Self {
        let headers = vec![];
        Self { status: "200 OK", headers, body: body.to_vec(), linger: Duration::ZERO }
    }

    /// 206 with the rest from `at`.
    pub fn rest(body: &[u8], at: usize) -> Self {
        let mut reply = Self::with("206 Partial Content", body.len() - at, &body[at..]);
        reply.headers.push(format!("Content-Range: bytes {at}-{}/{}", body.len() - 1, body.len()));
        reply
    }

    /// An answer without a body worth reading.
    pub fn status(status: &'static str) -> Self {
        Self::with(status, 4, b"oops")
    }

    /// A redirect to `location`.
    pub fn redirect(location: &str) -> Self {
        let mut reply = Self::with("302 Found", 0, b"");
        reply.headers.push(format!("Location: {location}"));
        reply
    }

    /// The same promise of length, but the connection ends after `count` bytes of the body.
    pub fn cut_after(mut self, count: usize) -> Self {
        self.body.truncate(count);
        self
    }

    /// The same, but the connection stays open and silent afterwards.
    pub fn then_silent(self, linger: Duration) -> Self {
        Self { linger, ..self }
    }

    fn with(status: &'static str, length: usize, body: &[u8]) -> Self {
        let headers = vec![format!("Content-Length: {length}")];
        Self { status, headers, body: body.to_vec(), linger: Duration::ZERO }
    }
}

/// The running server.
pub struct Server {
    /// `http://127.0.0.1:<port>`
    pub url: String,
    thread: JoinHandle<Vec<String>>,
}

impl Server {
    /// Answers one request after the other with `replies`, then stops; waits at most ten seconds.
    pub fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let thread = thread::spawn(move || {
            let deadline = Instant::now() + Duration::from_secs(10);
            replies
                .into_iter()
                .map_while(|reply| Some(answer(accept(&listener, deadline)?, &reply)))
                .collect()
        });
        Self { url, thread }
    }

    /// The heads of the requests that came; waits for the script to end.
    pub fn requests(self) -> Vec<String> {
        self.thread.join().unwrap()
    }
}

fn accept(listener: &TcpListener, deadline: Instant) -> Option<TcpStream> {
    while Instant::now() < deadline {
        if let Ok((stream, _)) = listener.accept() {
            stream.set_nonblocking(false).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            return Some(stream);
        }
        thread::sleep(Duration::from_millis(2));
    }
    None
}

fn answer(mut stream: TcpStream, reply: &Reply) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count == 1) {
        head.push(byte[0]);
    }
    let mut text = format!("HTTP/1.1 {}\r\nConnection: close\r\n", reply.status);
    for header in &reply.headers {
        text += &format!("{header}\r\n");
    }
    text += "\r\n";
    // The client may have hung up, which is what some tests are about.
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.write_all(&reply.body));
    let _ = stream.flush();
    thread::sleep(reply.linger);
    String::from_utf8_lossy(&head).into_owned()
}
