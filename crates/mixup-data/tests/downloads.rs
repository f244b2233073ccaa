//! Downloads from a server on loopback that misbehaves on purpose.
#![allow(clippy::unwrap_used, reason = "a test helper that fails is a failed test")]

mod common;

use std::cell::RefCell;
use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use common::server::{Reply, Server};
use common::{empty_library, made_file, made_set, sum, with_package, write};
use mixup_data::{DataError, DataSet, File, Library, Located, Network, Provider, Source};

fn content() -> Vec<u8> {
    (0..200_000_u32).flat_map(u32::to_le_bytes).collect()
}

/// Settings that do not make a test wait.
fn hasty(library: Library) -> Library {
    let network = Network {
        connect: Duration::from_secs(2),
        stall: Duration::from_millis(300),
        attempts: 3,
        pause: Duration::from_millis(1),
    };
    Library { network, ..library }
}

/// One data set of one file, obtained from a server that answers with `replies`.
struct Outcome {
    result: Result<Located, DataError>,
    requests: Vec<String>,
    /// Content of the cached file, if it is there.
    cached: Option<Vec<u8>>,
    /// Length of the partial file that is left, if any.
    partial: Option<u64>,
}

impl Outcome {
    fn of(replies: Vec<Reply>) -> Self {
        Self::with_partial(replies, None)
    }

    fn with_partial(replies: Vec<Reply>, partial: Option<&[u8]>) -> Self {
        let server = Server::start(replies);
        let set = made_set(vec![made_file("a.bin", &content(), &format!("{}/a.bin", server.url))]);
        let (library, cache) = empty_library();
        let part = cache.path().join("made/a.bin.part");
        if let Some(bytes) = partial {
            write(&part, bytes);
        }
        let result = hasty(library).obtain(&set, &|_| ());
        Self {
            result,
            requests: server.requests(),
            cached: fs::read(cache.path().join("made/a.bin")).ok(),
            partial: fs::metadata(part).ok().map(|metadata| metadata.len()),
        }
    }

    /// It worked: the file is in the cache, nothing else is left.
    fn assert_good(&self) {
        let located = self.result.as_ref().unwrap();
        assert_eq!(located.provider, Provider::Url);
        assert_eq!(self.cached.as_deref(), Some(&content()[..]));
        assert_eq!(self.partial, None);
    }

    /// It failed: no file under the final name; returns the message.
    fn failure(&self) -> String {
        assert_eq!(self.cached, None);
        let error = self.result.as_ref().unwrap_err();
        assert!(matches!(error, DataError::Unavailable { .. }), "{error}");
        error.to_string()
    }
}

fn range(request: &str) -> Option<&str> {
    request.lines().find_map(|line| line.to_ascii_lowercase().starts_with("range:").then(|| line[6..].trim()))
}

#[test]
fn a_whole_file() {
    let outcome = Outcome::of(vec![Reply::full(&content())]);
    outcome.assert_good();
    assert_eq!(range(&outcome.requests[0]), None);
}

#[test]
fn a_body_without_length() {
    Outcome::of(vec![Reply::unmeasured(&content())]).assert_good();
}

#[test]
fn a_cut_download_goes_on_where_it_was_cut() {
    let at = 300_000;
    let outcome = Outcome::of(vec![Reply::full(&content()).cut_after(at), Reply::rest(&content(), at)]);
    outcome.assert_good();
    assert_eq!(range(&outcome.requests[1]), Some("bytes=300000-"));
}

#[test]
fn a_cut_download_without_length_goes_on_too() {
    let at = 300_000;
    let outcome = Outcome::of(vec![Reply::unmeasured(&content()[..at]), Reply::rest(&content(), at)]);
    outcome.assert_good();
    assert_eq!(range(&outcome.requests[1]), Some("bytes=300000-"));
}

#[test]
fn the_next_call_goes_on_with_a_partial_file() {
    let at = 123_456;
    let outcome = Outcome::with_partial(vec![Reply::rest(&content(), at)], Some(&content()[..at]));
    outcome.assert_good();
    assert_eq!(range(&outcome.requests[0]), Some("bytes=123456-"));
}

#[test]
fn a_complete_partial_file_needs_no_request() {
    let outcome = Outcome::with_partial(vec![], Some(&content()));
    outcome.assert_good();
}

#[test]
fn a_server_that_ignores_ranges_starts_again() {
    let outcome = Outcome::of(vec![Reply::full(&content()).cut_after(1000), Reply::full(&content())]);
    outcome.assert_good();
    assert_eq!(outcome.requests.len(), 2);
}

#[test]
fn another_range_than_asked_for_is_not_taken() {
    let outcome = Outcome::of(vec![
        Reply::full(&content()).cut_after(1000),
        Reply::rest(&content(), 900),
        Reply::full(&content()),
    ]);
    outcome.assert_good();
    assert_eq!(range(&outcome.requests[2]), None);
}

#[test]
fn a_range_that_cannot_be_had_starts_again() {
    let outcome = Outcome::with_partial(
        vec![Reply::status("416 Range Not Satisfiable"), Reply::full(&content())],
        Some(&content()[..5000]),
    );
    outcome.assert_good();
    assert_eq!(range(&outcome.requests[1]), None);
}

#[test]
fn a_partial_file_of_another_version_is_thrown_away() {
    let at = 5000;
    let outcome =
        Outcome::with_partial(vec![Reply::rest(&content(), at), Reply::full(&content())], Some(&vec![7; at]));
    outcome.assert_good();
    assert_eq!(range(&outcome.requests[1]), None);
}

#[test]
fn a_partial_file_that_is_too_long_is_thrown_away() {
    let outcome = Outcome::with_partial(vec![Reply::full(&content())], Some(&[7; 800_001]));
    outcome.assert_good();
    assert_eq!(range(&outcome.requests[0]), None);
}

#[test]
fn always_cut_is_an_error_that_keeps_the_partial_file() {
    let next = |at| Reply::rest(&content(), at).cut_after(1000);
    let outcome = Outcome::of(vec![Reply::full(&content()).cut_after(1000), next(1000), next(2000)]);
    let message = outcome.failure();
    assert!(message.contains("after 3 requests"), "{message}");
    assert_eq!(outcome.partial, Some(3000));
}

#[test]
fn a_wrong_checksum_is_refused_and_not_kept() {
    let mut wrong = content();
    wrong[100] ^= 1;
    let outcome = Outcome::of(vec![Reply::full(&wrong)]);
    let message = outcome.failure();
    let (expected, found) = (sum(&content()), sum(&wrong));
    assert!(message.contains(expected.sha256) && message.contains(found.sha256), "{message}");
    assert_eq!(outcome.partial, None);
    assert_eq!(outcome.requests.len(), 1, "the same bytes are not asked for twice");
}

#[test]
fn a_short_page_in_place_of_the_file_is_refused() {
    let outcome = Outcome::of(vec![Reply::full(b"<html>please log in</html>")]);
    assert!(outcome.failure().contains("(26 bytes)"), "{}", outcome.failure());
    assert_eq!(outcome.partial, None);
}

#[test]
fn an_endless_body_is_refused() {
    let mut long = content();
    long.extend([0; 100_000]);
    let outcome = Outcome::of(vec![Reply::unmeasured(&long)]);
    assert!(outcome.failure().contains("more than the 800000 bytes"), "{}", outcome.failure());
    assert_eq!(outcome.partial, None);
}

#[test]
fn not_found_is_final() {
    let outcome = Outcome::of(vec![Reply::status("404 Not Found")]);
    let message = outcome.failure();
    assert!(message.contains("HTTP status 404"), "{message}");
    assert!(message.contains("canonical URL: http://127.0.0.1"), "{message}");
    assert!(message.contains("Ask the moon for it."), "{message}");
    assert_eq!(outcome.partial, None);
}

#[test]
fn a_server_error_is_tried_again() {
    Outcome::of(vec![Reply::status("503 Service Unavailable"), Reply::full(&content())]).assert_good();
}

#[test]
fn a_silent_server_is_given_up() {
    let silent = Reply::full(&content()).cut_after(1000).then_silent(Duration::from_secs(1));
    let again = Reply::status("416 Range Not Satisfiable");
    let started = Instant::now();
    let outcome = Outcome::of(vec![silent.clone(), again, silent]);
    assert!(outcome.failure().contains("timeout"), "{}", outcome.failure());
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn a_server_that_was_silent_once_is_forgiven() {
    let silent = Reply::full(&content()).cut_after(1000).then_silent(Duration::from_millis(600));
    Outcome::of(vec![silent, Reply::rest(&content(), 1000)]).assert_good();
}

#[test]
fn redirects_are_followed_with_the_range() {
    let outcome = Outcome::with_partial(
        vec![Reply::redirect("/elsewhere"), Reply::rest(&content(), 1000)],
        Some(&content()[..1000]),
    );
    outcome.assert_good();
    assert!(outcome.requests[1].starts_with("GET /elsewhere "), "{}", outcome.requests[1]);
    assert_eq!(range(&outcome.requests[1]), Some("bytes=1000-"));
}

#[test]
fn redirects_in_a_circle_are_given_up() {
    let outcome = Outcome::of(vec![Reply::redirect("/a.bin"); 6]);
    assert!(outcome.failure().contains("redirect"), "{}", outcome.failure());
}

#[test]
fn an_unreachable_host_fails_at_once() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for url in [format!("http://{closed}/a"), "http://no-such-host.invalid/a".to_owned()] {
        let set = made_set(vec![made_file("a.bin", &content(), &url)]);
        let (library, _cache) = empty_library();
        let started = Instant::now();
        let message = library.obtain(&set, &|_| ()).unwrap_err().to_string();
        assert!(message.contains(&url), "{message}");
        assert!(started.elapsed() < Duration::from_secs(7), "{url}: {:?}", started.elapsed());
    }
}

#[test]
fn progress_ends_at_the_total() {
    let server = Server::start(vec![Reply::full(&content())]);
    let set = made_set(vec![made_file("a.bin", &content(), &server.url)]);
    let (library, _cache) = empty_library();
    let seen = RefCell::new(Vec::new());
    library
        .obtain(&set, &|progress| {
            assert_eq!((progress.data_set, progress.file, progress.total), ("made", "a.bin", 800_000));
            seen.borrow_mut().push(progress.done);
        })
        .unwrap();
    let seen = seen.into_inner();
    assert!(seen.is_sorted() && seen.len() > 1);
    assert_eq!(seen.last(), Some(&800_000));
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn packed_set(url: &str, packed: &[u8], unpacked: &[u8]) -> DataSet {
    let source = Some(Source { url: url.to_owned().leak(), gzip: Some(sum(packed)) });
    made_set(vec![File { name: "a.bin", sums: vec![sum(unpacked)].leak(), source }])
}

#[test]
fn a_packed_download_is_unpacked() {
    let packed = gzip(&content());
    let server = Server::start(vec![Reply::full(&packed).cut_after(99), Reply::rest(&packed, 99)]);
    let (library, cache) = empty_library();
    hasty(library).obtain(&packed_set(&server.url, &packed, &content()), &|_| ()).unwrap();
    assert_eq!(fs::read(cache.path().join("made/a.bin")).unwrap(), content());
    assert!(!cache.path().join("made/a.bin.part").exists());
}

#[test]
fn a_packed_download_of_another_file_is_refused() {
    let bomb = gzip(&vec![0; 5_000_000]);
    for (packed, reason) in [(gzip(b"other"), "wrong content"), (bomb, "more than the 800000 bytes")] {
        let server = Server::start(vec![Reply::full(&packed)]);
        let (library, cache) = empty_library();
        let set = packed_set(&server.url, &packed, &content());
        let message = hasty(library).obtain(&set, &|_| ()).unwrap_err().to_string();
        assert!(message.contains(reason), "{message}");
        assert!(!cache.path().join("made/a.bin").exists());
    }
}

#[test]
fn only_what_is_missing_is_downloaded() {
    let server = Server::start(vec![Reply::full(b"second")]);
    let second = made_file("b", b"second", &format!("{}/b", server.url));
    let set = made_set(vec![made_file("a", b"first", "http://127.0.0.1:1/"), second]);
    let (library, cache) = empty_library();
    write(&cache.path().join("made/a"), b"first");
    let located = library.obtain(&set, &|_| ()).unwrap();
    assert_eq!(located.files, [cache.path().join("made/a"), cache.path().join("made/b")]);
    assert_eq!(fs::read(&located.files[1]).unwrap(), b"second");
}

#[test]
fn a_damaged_cached_file_is_downloaded_again() {
    let server = Server::start(vec![Reply::full(b"good")]);
    let set = made_set(vec![made_file("a", b"good", &server.url)]);
    let (library, cache) = empty_library();
    write(&cache.path().join("made/a"), b"bad!");
    assert_eq!(library.obtain(&set, &|_| ()).unwrap().provider, Provider::Url);
    assert_eq!(fs::read(cache.path().join("made/a")).unwrap(), b"good");
    assert_eq!(library.obtain(&set, &|_| ()).unwrap().provider, Provider::Cache);
}

#[test]
fn processes_that_want_the_same_file_download_it_once() {
    let server = Server::start(vec![Reply::full(&content())]);
    let set = made_set(vec![made_file("a.bin", &content(), &server.url)]);
    let (library, _cache) = empty_library();
    std::thread::scope(|scope| {
        let both =
            [(); 2].map(|()| scope.spawn(|| library.obtain(&set, &|_| ()).map(|found| found.provider)));
        let mut providers = both.map(|thread| thread.join().unwrap().unwrap());
        providers.sort_by_key(|provider| *provider == Provider::Cache);
        assert_eq!(providers, [Provider::Url, Provider::Cache]);
    });
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn an_unwritable_cache_is_named() {
    let (library, cache) = empty_library();
    let in_the_way = cache.path().join("file");
    fs::write(&in_the_way, b"").unwrap();
    let library = Library { cache_dir: in_the_way.clone(), ..library };
    let set = made_set(vec![made_file("a", b"a", "http://127.0.0.1:1/")]);
    let message = library.obtain(&set, &|_| ()).unwrap_err().to_string();
    assert!(message.contains(&format!("cannot write to {}", in_the_way.join("made").display())), "{message}");
}

#[test]
fn an_unknown_package_is_the_last_provider_to_fail() {
    let set = made_set(vec![made_file("a", b"a", "http://127.0.0.1:1/a")]);
    let set = with_package(set, "mixup-data-no-such-package");
    let (library, cache) = empty_library();
    let error = library.obtain(&set, &|_| ()).unwrap_err();
    let message = error.to_string();
    let DataError::Unavailable { tried, .. } = error else { panic!("{message}") };
    assert_eq!(tried.last().unwrap().provider, Provider::Debian, "{message}");
    assert!(message.contains("apt-get install mixup-data-no-such-package"), "{message}");
    assert_eq!(files_of(&cache.path().join("made")), [".lock"], "no temporary folder is left");
}

fn files_of(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
#[ignore = "downloads 31 MB with apt-get; needs Debian or Ubuntu with its package index"]
fn fashion_mnist_from_the_debian_package() {
    let set = DataSet { name: "made", system: None, ..mixup_data::catalogue::FASHION_MNIST };
    let unreachable: Vec<File> = set
        .files()
        .iter()
        .map(|file| File { source: Some(Source { url: "http://127.0.0.1:1/", gzip: None }), ..*file })
        .collect();
    let set = DataSet { content: mixup_data::Content::Files(unreachable.leak()), ..set };
    let (library, _cache) = empty_library();
    assert_eq!(library.obtain(&set, &|_| ()).unwrap().provider, Provider::Debian);
    assert_eq!(library.verify(&set).unwrap().provider, Provider::Cache);
}
