//! What goes wrong on purpose, drawn from the seed and the number of the request.

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// 429 with Retry-After.
    Throttled,
    /// 429 without Retry-After.
    ThrottledSilently,
    /// 500, 502, 503 or 504.
    Unavailable,
    /// The connection is dropped before anything happened.
    DroppedBefore,
    /// The connection is dropped after the effect: the reply is lost.
    LostReply,
    /// The answer is right and late.
    Slow,
    /// 401; the token is invalid from now on.
    TokenExpired,
    /// Someone else changed the object: the ETag that the caller holds is stale.
    StaleEtag,
    /// A webhook sent twice.
    WebhookDuplicated,
    /// A webhook that overtakes the one before it.
    WebhookReordered,
    /// A webhook that is late.
    WebhookLate,
}

impl Fault {
    /// The kinds that befall a request.
    pub const OF_REQUESTS: [Self; 8] = [
        Self::Throttled,
        Self::ThrottledSilently,
        Self::Unavailable,
        Self::DroppedBefore,
        Self::LostReply,
        Self::Slow,
        Self::TokenExpired,
        Self::StaleEtag,
    ];

    /// The kinds that befall a webhook.
    pub const OF_WEBHOOKS: [Self; 3] = [Self::WebhookDuplicated, Self::WebhookReordered, Self::WebhookLate];

    /// The name in the ledger.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::ThrottledSilently => "throttled-silently",
            Self::Unavailable => "unavailable",
            Self::DroppedBefore => "dropped-before",
            Self::LostReply => "lost-reply",
            Self::Slow => "slow",
            Self::TokenExpired => "token-expired",
            Self::StaleEtag => "stale-etag",
            Self::WebhookDuplicated => "webhook-duplicated",
            Self::WebhookReordered => "webhook-reordered",
            Self::WebhookLate => "webhook-late",
        }
    }
}

/// A fault that the vendor answers, in its own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Too many requests; the seconds to wait, where the vendor says so.
    Throttled {
        /// Retry-After.
        retry_after_s: Option<u32>,
    },
    /// The status of a server in trouble: 500, 502, 503 or 504.
    Unavailable {
        /// The status.
        status: u16,
    },
    /// The token is no longer valid.
    TokenExpired,
    /// The ETag in If-Match is stale.
    StaleEtag,
}

/// The draw for one request or webhook.
pub(crate) struct Draw {
    rng: ChaCha8Rng,
    rate: f64,
}

const SLOW_MS: std::ops::Range<u64> = 300..1_500;
const LATE_MS: std::ops::Range<u64> = 800..2_500;
const RETRY_AFTER_S: u32 = 1;

impl Draw {
    pub(crate) fn new(seed: u64, product: &str, lane: &str, number: u64, rate: f64) -> Self {
        let mut hash = Sha256::new();
        for part in [&seed.to_be_bytes()[..], product.as_bytes(), lane.as_bytes(), &number.to_be_bytes()] {
            hash.update(part);
        }
        Self { rng: ChaCha8Rng::from_seed(hash.finalize().into()), rate }
    }

    /// The kinds in the order in which they are to be tried; none, most of the time.
    pub(crate) fn kinds(&mut self, of: &[Fault]) -> Vec<Fault> {
        if self.rate <= 0.0 || !self.rng.random_bool(self.rate.min(1.0)) {
            return Vec::new();
        }
        let mut kinds = of.to_vec();
        kinds.shuffle(&mut self.rng);
        kinds
    }

    pub(crate) fn slow_ms(&mut self) -> u64 {
        self.rng.random_range(SLOW_MS)
    }

    pub(crate) fn late_ms(&mut self) -> u64 {
        self.rng.random_range(LATE_MS)
    }

    /// What the vendor is asked to say, for the kinds it answers itself.
    pub(crate) fn refusal(&mut self, fault: Fault) -> Option<Refusal> {
        match fault {
            Fault::Throttled => Some(Refusal::Throttled { retry_after_s: Some(RETRY_AFTER_S) }),
            Fault::ThrottledSilently => Some(Refusal::Throttled { retry_after_s: None }),
            Fault::Unavailable => {
                let status = [500, 502, 503, 504][self.rng.random_range(0..4)];
                Some(Refusal::Unavailable { status })
            }
            Fault::TokenExpired => Some(Refusal::TokenExpired),
            Fault::StaleEtag => Some(Refusal::StaleEtag),
            _ => None,
        }
    }
}
