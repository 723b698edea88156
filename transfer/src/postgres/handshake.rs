//! The first messages of a connection, which the TLS bridge reads: everything after them is copied.
//!
//! A server offers `SCRAM-SHA-256-PLUS`, which binds the login to the TLS channel, whenever it is asked over TLS; a client program without
//! TLS refuses that offer. The offer is taken out: the channel ends at the bridge, which verified the server's certificate.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// No first message is longer; a server's error message is not either.
const LONGEST: usize = 64 << 10;
/// `AuthenticationSASL`.
const SASL: u32 = 10;
const BOUND_TO_CHANNEL: &[u8] = b"SCRAM-SHA-256-PLUS";

/// The client's first packet: a length, and a startup message or a cancel request.
///
/// # Errors
/// Those of the stream; `InvalidData` for an impossible length.
pub async fn read_start(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut packet = stream.read_u32().await?.to_be_bytes().to_vec();
    read_body(stream, &mut packet).await?;
    Ok(packet)
}

/// The server's first answer, with the offer taken out. A cancel request gets none: the result is empty.
///
/// # Errors
/// As [`read_start`].
pub async fn read_answer(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    loop {
        let kind = match stream.read_u8().await {
            Ok(kind) => kind,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && answer.is_empty() => return Ok(answer),
            Err(error) => return Err(error),
        };
        let mut message = stream.read_u32().await?.to_be_bytes().to_vec();
        read_body(stream, &mut message).await?;
        answer.push(kind);
        answer.extend(if kind == b'R' { unbound(message) } else { message });
        // `NegotiateProtocolVersion` is followed by the real answer.
        if kind != b'v' {
            return Ok(answer);
        }
    }
}

/// Appends what the length at the start of `message` announces.
async fn read_body(stream: &mut (impl AsyncRead + Unpin), message: &mut Vec<u8>) -> io::Result<()> {
    let length = message.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
    if !(4..=LONGEST).contains(&length) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "a first message of an impossible length",
        ));
    }
    message.resize(length, 0);
    stream.read_exact(&mut message[4..]).await.map(drop)
}

/// An authentication message, with its length, without mechanisms that are bound to the channel.
fn unbound(message: Vec<u8>) -> Vec<u8> {
    let Some((code, mechanisms)) = message[4..].split_first_chunk::<4>() else {
        return message;
    };
    if u32::from_be_bytes(*code) != SASL {
        return message;
    }
    let names = mechanisms
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty() && *name != BOUND_TO_CHANNEL);
    let mut body = code.to_vec();
    for name in names {
        body.extend_from_slice(name);
        body.push(0);
    }
    body.push(0);
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    [length.to_be_bytes().to_vec(), body].concat()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        [&[kind][..], &length, body].concat()
    }

    #[tokio::test]
    async fn an_offer_that_is_bound_to_the_channel_is_taken_out() {
        let sent = message(b'R', b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0");
        let answer = read_answer(&mut sent.as_slice()).await.unwrap();
        assert_eq!(answer, message(b'R', b"\0\0\0\x0aSCRAM-SHA-256\0\0"));
    }

    #[tokio::test]
    async fn every_other_answer_is_passed_on() {
        for sent in [
            message(b'R', b"\0\0\0\x05salt"),
            message(b'E', b"SFATAL\0\0"),
            [message(b'v', b"\0\0\0\0\0\0\0\0"), message(b'R', b"\0\0\0\0")].concat(),
        ] {
            assert_eq!(read_answer(&mut sent.as_slice()).await.unwrap(), sent);
        }
        assert!(read_answer(&mut &b""[..]).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn an_impossible_length_is_refused() {
        for start in [&b"\0\0\0\x03"[..], b"\xff\xff\xff\xff", b"GET / HTTP/1.1"] {
            assert_eq!(
                read_start(&mut &*start).await.unwrap_err().kind(),
                io::ErrorKind::InvalidData
            );
        }
        let start = b"\0\0\0\x08\x04\xd2\x16\x2e";
        assert_eq!(read_start(&mut &start[..]).await.unwrap(), start);
    }
}
