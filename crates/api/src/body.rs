//! Request bodies, read up to a limit.

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

use crate::{Kind, Problem, Refusal};

/// How much of an oversized body is read and thrown away, so that the sender gets to see the answer.
const DRAIN_BYTES_MAX: usize = 32 << 20;

/// A body as far as it was taken.
pub(crate) enum Taken {
    /// All of it.
    Whole(Bytes),
    /// It is larger than the limit; this is how it begins.
    Beginning(Bytes),
}

/// Reads a body.
pub(crate) async fn read(mut body: Body, bytes_max: usize) -> Result<Taken, Refusal> {
    let mut first: Option<Bytes> = None;
    let mut rest = BytesMut::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|error| Problem::new(Kind::Malformed, format!("the body broke off: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        length += data.len();
        if length > bytes_max {
            gather(&mut first, &mut rest, data);
            drain(body, length).await;
            let mut beginning = whole(first, rest);
            beginning.truncate(bytes_max);
            return Ok(Taken::Beginning(beginning));
        }
        gather(&mut first, &mut rest, data);
    }
    Ok(Taken::Whole(whole(first, rest)))
}

/// A body that fits into one frame is not copied.
fn gather(first: &mut Option<Bytes>, rest: &mut BytesMut, data: Bytes) {
    match first {
        None => *first = Some(data),
        Some(begun) => {
            if rest.is_empty() {
                rest.extend_from_slice(begun);
            }
            rest.extend_from_slice(&data);
        }
    }
}

fn whole(first: Option<Bytes>, rest: BytesMut) -> Bytes {
    if rest.is_empty() { first.unwrap_or_default() } else { rest.freeze() }
}

async fn drain(mut body: Body, mut length: usize) {
    while length <= DRAIN_BYTES_MAX {
        match body.frame().await {
            Some(Ok(frame)) => length += frame.data_ref().map_or(0, Bytes::len),
            _ => return,
        }
    }
}

/// Reads a body that has to fit.
pub(crate) async fn read_whole(body: Body, bytes_max: usize) -> Result<Bytes, Refusal> {
    match read(body, bytes_max).await? {
        Taken::Whole(bytes) => Ok(bytes),
        Taken::Beginning(_) => {
            Err(Problem::new(Kind::TooLarge, format!("the body is larger than {bytes_max} bytes")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bodies_of_any_framing_are_put_together_and_cut_at_the_limit() {
        for size in [0_usize, 1, 9, 10, 11, 25] {
            for chunk in [1_usize, 3, 100] {
                let sent: Vec<u8> = (0..size).map(|i| i as u8).collect();
                let frames: Vec<Result<Bytes, std::io::Error>> =
                    sent.chunks(chunk).map(|c| Ok(Bytes::copy_from_slice(c))).collect();
                let body = Body::from_stream(futures_util::stream::iter(frames));
                match read(body, 10).await.unwrap() {
                    Taken::Whole(bytes) => assert_eq!((&bytes[..], size <= 10), (&sent[..], true)),
                    Taken::Beginning(bytes) => assert_eq!((&bytes[..], size > 10), (&sent[..10], true)),
                }
            }
        }
    }
}
