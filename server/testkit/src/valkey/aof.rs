//! An append-only file whose end can be cut off.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use super::ValkeyProcess;
use crate::{Error, Result};

/// Valkey's name for the folder, if not told otherwise.
const FOLDER: &str = "appendonlydir";
const MANIFEST: &str = "appendonly.aof.manifest";

/// The append-only file of a Valkey that does not run, to take its end away: what a machine without power does to a
/// Valkey with `appendfsync everysec`, which had acknowledged the last second already.
///
/// ```no_run
/// # async fn lose(mut valkey: tidings_testkit::ValkeyProcess) -> tidings_testkit::Result<()> {
/// valkey.kill();
/// valkey.aof()?.cut_after("updates:{list-1}", 8)?;
/// valkey.restart().await
/// # }
/// ```
#[derive(Debug)]
pub struct Aof {
    file: PathBuf,
    bytes: Vec<u8>,
}

impl ValkeyProcess {
    /// Its append-only file. [Kill](Self::kill) it first: a running one goes on writing where it was.
    ///
    /// # Errors
    ///
    /// When it was started without `--appendonly yes`.
    pub fn aof(&self) -> Result<Aof> {
        Aof::open(&self.folder().join(FOLDER))
    }
}

/// A command, or all those of one transaction, which are carried out together.
#[derive(Debug, PartialEq, Eq)]
struct Write {
    /// The first argument of each command.
    keys: Vec<Vec<u8>>,
    /// Where it ends in the file.
    end: usize,
}

impl Aof {
    fn open(folder: &Path) -> Result<Self> {
        let read = |file: &Path| fs::read(file).map_err(Error::io(file.display().to_string()));
        let manifest = String::from_utf8_lossy(&read(&folder.join(MANIFEST))?).into_owned();
        let name = newest(&manifest).ok_or_else(|| Error::Failed {
            command: "looking for the append-only file".to_owned(),
            output: format!("the manifest names none: {manifest}"),
        })?;
        let file = folder.join(name);
        Ok(Self { bytes: read(&file)?, file })
    }

    /// Its length in bytes.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing has been written since Valkey began this file.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// How many writes of `key` it has. All that one function or transaction writes counts once.
    pub fn writes_of(&self, key: &str) -> usize {
        self.writes().iter().filter(|write| write.is_of(key)).count()
    }

    /// Cuts off whatever follows the n-th write of `key`, counted from 1. All that one function or transaction writes
    /// counts once, and is not divided.
    ///
    /// # Errors
    ///
    /// When it has fewer writes of that key.
    pub fn cut_after(&self, key: &str, n: usize) -> Result<()> {
        let writes = self.writes();
        let nth = writes.iter().filter(|write| write.is_of(key)).nth(n.saturating_sub(1));
        let end = nth.ok_or_else(|| Error::Failed {
            command: format!("cutting after write {n} of {key}"),
            output: format!("there are {}", self.writes_of(key)),
        })?;
        self.cut_to(end.end)
    }

    /// Cuts off the last `count` writes, whatever their keys, and answers how many there were to cut off.
    ///
    /// # Errors
    ///
    /// When the file cannot be changed.
    pub fn cut_last(&self, count: usize) -> Result<usize> {
        let writes = self.writes();
        let kept = writes.len().saturating_sub(count);
        let end = kept.checked_sub(1).map_or(0, |last| writes[last].end);
        self.cut_to(end)?;
        Ok(writes.len() - kept)
    }

    /// Cuts off whatever follows the first `length` bytes, also in the middle of a command. Valkey drops the rest of
    /// that command, and of the transaction that it belongs to, when it starts.
    ///
    /// # Errors
    ///
    /// When the file cannot be changed.
    pub fn cut_to(&self, length: usize) -> Result<()> {
        File::options()
            .write(true)
            .open(&self.file)
            .and_then(|file| file.set_len(length as u64))
            .map_err(Error::io(self.file.display().to_string()))
    }

    fn writes(&self) -> Vec<Write> {
        let mut writes = Vec::new();
        let (mut at, mut open) = (0, None::<Vec<Vec<u8>>>);
        while let Some((arguments, end)) = command(&self.bytes, at) {
            at = end;
            let name = arguments.first().map(|name| name.to_ascii_uppercase()).unwrap_or_default();
            let key = arguments.get(1).map(|key| key.to_vec());
            match (&*name, &mut open) {
                (b"MULTI", _) => open = Some(Vec::new()),
                (b"EXEC", Some(keys)) => {
                    writes.push(Write { keys: std::mem::take(keys), end });
                    open = None;
                }
                // Belongs to what follows it.
                (b"SELECT", _) => {}
                (_, Some(keys)) => keys.extend(key),
                (_, None) => writes.push(Write { keys: key.into_iter().collect(), end }),
            }
        }
        writes
    }
}

impl Write {
    fn is_of(&self, key: &str) -> bool {
        self.keys.iter().any(|written| written == key.as_bytes())
    }
}

/// The newest of the files that a manifest names to which commands are appended.
fn newest(manifest: &str) -> Option<&str> {
    let is_appended = |line: &&str| line.ends_with("type i");
    manifest.lines().rfind(is_appended)?.strip_prefix("file ")?.split(' ').next()
}

/// The command that begins at `at`, and where it ends; `None` at the end, or where the rest is no whole command.
fn command(bytes: &[u8], mut at: usize) -> Option<(Vec<&[u8]>, usize)> {
    // A time stamp, if Valkey is told to write any.
    while bytes.get(at) == Some(&b'#') {
        (_, at) = line(bytes, at)?;
    }
    let (count, mut at) = number(bytes, at, b'*')?;
    let mut arguments = Vec::with_capacity(count);
    for _ in 0..count {
        let (length, start) = number(bytes, at, b'$')?;
        arguments.push(bytes.get(start..start + length)?);
        (_, at) = line(bytes, start + length)?;
    }
    Some((arguments, at))
}

fn number(bytes: &[u8], at: usize, kind: u8) -> Option<(usize, usize)> {
    let (line, end) = line(bytes, at)?;
    let digits = line.strip_prefix(&[kind])?;
    Some((std::str::from_utf8(digits).ok()?.parse().ok()?, end))
}

/// What stands before the next line end, and where that ends.
fn line(bytes: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let rest = bytes.get(at..)?;
    let length = rest.windows(2).position(|two| two == b"\r\n")?;
    Some((&rest[..length], at + length + 2))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{Aof, newest};

    fn resp(commands: &[&[&str]]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for arguments in commands {
            bytes.extend(format!("*{}\r\n", arguments.len()).into_bytes());
            for argument in *arguments {
                bytes.extend(format!("${}\r\n{argument}\r\n", argument.len()).into_bytes());
            }
        }
        bytes
    }

    fn aof(commands: &[&[&str]]) -> Aof {
        Aof { file: PathBuf::new(), bytes: resp(commands) }
    }

    #[test]
    fn a_transaction_is_one_write_of_each_of_its_keys() {
        let commands: [&[&str]; 7] = [
            &["SELECT", "0"],
            &["SET", "a", "line\r\nend"],
            &["MULTI"],
            &["XADD", "b", "*", "1", "2"],
            &["SET", "a", "2"],
            &["EXEC"],
            &["DEL", "b"],
        ];
        let all = aof(&commands);
        assert_eq!((all.writes_of("a"), all.writes_of("b"), all.writes_of("2")), (2, 2, 0));
        let ends = all.writes().iter().map(|write| write.end).collect::<Vec<_>>();
        assert_eq!(ends, [resp(&commands[..2]).len(), resp(&commands[..6]).len(), all.len()]);
    }

    #[test]
    fn a_write_that_is_not_whole_is_none() {
        let mut cut = aof(&[&["SET", "a", "1"], &["SET", "a", "2"]]);
        cut.bytes.truncate(cut.len() - 3);
        assert_eq!(cut.writes_of("a"), 1);
        assert_eq!(aof(&[&["SET", "a", "1"], &["MULTI"], &["SET", "a", "2"]]).writes_of("a"), 1);
    }

    #[test]
    fn the_newest_file_is_that_of_the_last_line() {
        let manifest = "file a.1.base.rdb seq 1 type b\nfile a.1.incr.aof seq 1 type i\nfile a.2.incr.aof seq 2 type i\n";
        assert_eq!(newest(manifest), Some("a.2.incr.aof"));
        assert_eq!(newest("file a.1.base.rdb seq 1 type b\n"), None);
    }
}
