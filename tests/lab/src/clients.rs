//! The process at the other end of a connection, found through /proc, so that a fault can kill it.

use std::net::SocketAddr;
use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Kills the process that holds the client's end of the connection from `peer` to our `port`, if it descends from
/// `ancestor`; no other process is ever killed. Returns its id.
#[must_use]
pub fn kill_client(peer: SocketAddr, port: u16, ancestor: u32) -> Option<u32> {
    let inode = socket_inode(peer.port(), port)?;
    let pid = processes().find(|pid| holds_socket(*pid, inode) && descends(*pid, ancestor))?;
    kill(Pid::from_raw(i32::try_from(pid).ok()?), Signal::SIGKILL).ok()?;
    Some(pid)
}

/// The inode of the TCP socket that is bound to `local` and connected to `remote`, on this machine.
fn socket_inode(local: u16, remote: u16) -> Option<u64> {
    ["/proc/net/tcp", "/proc/net/tcp6"].iter().find_map(|table| {
        let table = std::fs::read_to_string(table).ok()?;
        table.lines().skip(1).find_map(|line| {
            let fields: Vec<&str> = line.split_ascii_whitespace().collect();
            let port = |field: &str| u16::from_str_radix(field.rsplit(':').next()?, 16).ok();
            let ours = port(fields.get(1)?)? == local && port(fields.get(2)?)? == remote;
            ours.then(|| fields.get(9)?.parse().ok())?
        })
    })
}

fn processes() -> impl Iterator<Item = u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn holds_socket(pid: u32, inode: u64) -> bool {
    let wanted = format!("socket:[{inode}]");
    let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd"))
        .into_iter()
        .flatten()
        .flatten();
    descriptors
        .filter_map(|descriptor| std::fs::read_link(descriptor.path()).ok())
        .any(|target| target == Path::new(&wanted))
}

/// Whether `ancestor` is a parent, or a parent's parent, of `pid`; a process is not its own ancestor.
fn descends(mut pid: u32, ancestor: u32) -> bool {
    while let Some(parent) = parent(pid) {
        if parent == ancestor {
            return true;
        }
        pid = parent;
    }
    false
}

fn parent(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let parent = stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(1)?.parse().ok()?;
    (parent > 0).then_some(parent)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Read;
    use std::net::TcpListener;
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;

    use super::*;

    #[test]
    fn the_child_at_the_other_end_is_killed_and_strangers_are_not() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut child = Command::new("bash")
            .args([
                "-c",
                &format!("exec 3<>/dev/tcp/127.0.0.1/{port}; echo ready >&3; exec cat <&3"),
            ])
            .spawn()
            .unwrap();
        let (mut stream, peer) = listener.accept().unwrap();
        stream.read_exact(&mut [0; 6]).unwrap();
        assert_eq!(kill_client(peer, port, child.id()), None, "not its own descendant");
        assert!(child.try_wait().unwrap().is_none());
        assert!(kill_client(peer, port, std::process::id()).is_some());
        let status = child.wait().unwrap();
        assert_eq!(status.signal(), Some(Signal::SIGKILL as i32));
    }
}
