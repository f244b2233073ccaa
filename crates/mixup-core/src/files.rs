//! Files that other processes replace and remove at any moment, on other machines too.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

/// How often a file is opened that is replaced whenever it is read.
const TRIES: usize = 8;

/// The whole content of a file. Over NFS a file that another machine replaces is gone for those who have it open
/// (`ESTALE`): it is opened anew.
///
/// # Errors
/// What the file system refuses.
pub fn read(file: &Path) -> io::Result<Vec<u8>> {
    unless_replaced(|| fs::read(file))
}

fn unless_replaced<T>(mut read: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let stale = |known: &io::Result<T>| {
        known.as_ref().is_err_and(|error| error.kind() == ErrorKind::StaleNetworkFileHandle)
    };
    (1..TRIES).map(|_| read()).find(|known| !stale(known)).unwrap_or_else(&mut read)
}

/// Whether a file or its folder was removed by another process in the middle of what was done to it.
pub fn went_away(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::StaleNetworkFileHandle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_replaced_is_opened_anew_and_nothing_else_is() {
        let after = |failures: usize, kind: ErrorKind| {
            let mut opened = 0;
            let read = unless_replaced(|| {
                opened += 1;
                if opened > failures { Ok(opened) } else { Err(kind.into()) }
            });
            (read.ok(), opened)
        };
        assert_eq!(after(2, ErrorKind::StaleNetworkFileHandle), (Some(3), 3));
        assert_eq!(after(TRIES, ErrorKind::StaleNetworkFileHandle), (None, TRIES));
        assert_eq!(after(2, ErrorKind::NotFound), (None, 1));
    }
}
