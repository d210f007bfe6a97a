//! scrypt (RFC 7914), as PHC strings, which are also passlib's, and as Django and Werkzeug write it.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use scrypt::Params;
use zeroize::Zeroizing;

use super::text::{self, Phc};
use super::{ImportedHash, Unread};

pub(super) const BOUNDS: &str = "65 MiB, filled 4 times";
/// The array of N blocks, the p blocks that are mixed in it, and one to work in. 64 MiB of array are the most of any default.
const MAX_MEMORY_BYTES: u128 = 65 << 20;
/// What all its passes fill, with what PBKDF2 takes for the p blocks: about a second on a full core.
const MAX_FILLED_BYTES: u128 = 4 * MAX_MEMORY_BYTES;
/// PBKDF2 makes each of the p blocks and reads it for each part of the output. That takes as long as filling the block 5 times with the
/// instructions for SHA, as measured, and a few times as long without them.
const FILLS_BY_PBKDF2: u128 = 16;
const MILLISECONDS_A_MIB: f64 = 2.9;

/// The cost of a hash by scrypt.
pub(super) struct Cost {
    params: Params,
    filled_bytes: u32,
}

impl Cost {
    /// Creates a cost by RFC 7914's N, as its binary logarithm, r and p.
    pub(super) fn new(log_n: u32, r: u32, p: u32) -> Result<Self, Unread> {
        // So that no product below has more than 128 bits.
        if log_n >= u32::BITS {
            return Err(Unread::OutOfBounds);
        }
        let n = 1_u128 << log_n;
        let (block_bytes, passes) = (128 * u128::from(r), u128::from(p));
        let memory_bytes = block_bytes * (n + passes + 1);
        let filled_bytes = block_bytes * passes * (n + FILLS_BY_PBKDF2);
        if memory_bytes > MAX_MEMORY_BYTES || filled_bytes > MAX_FILLED_BYTES {
            return Err(Unread::OutOfBounds);
        }
        let log_n = u8::try_from(log_n).map_err(|_| Unread::OutOfBounds)?;
        let params = Params::new(log_n, r, p).map_err(|_| Unread::Malformed)?;
        let filled_bytes = u32::try_from(filled_bytes).map_err(|_| Unread::OutOfBounds)?;
        Ok(Self { params, filled_bytes })
    }

    /// Creates a cost by N itself, which is a power of two.
    fn by_n(n: u32, r: u32, p: u32) -> Result<Self, Unread> {
        if !n.is_power_of_two() {
            return Err(Unread::Malformed);
        }
        Self::new(n.trailing_zeros(), r, p)
    }

    /// Derives a key. Returns `None` for an output that has no length.
    pub(super) fn derive(&self, typed: &str, salt: &[u8], bytes: usize) -> Option<Zeroizing<Vec<u8>>> {
        let mut output = Zeroizing::new(vec![0; bytes]);
        scrypt::scrypt(typed.as_bytes(), salt, &self.params, &mut output).ok()?;
        Some(output)
    }

    pub(super) fn milliseconds(&self) -> f64 {
        f64::from(self.filled_bytes) / f64::from(1 << 20) * MILLISECONDS_A_MIB
    }
}

/// A hash by scrypt.
pub(super) struct Scrypt {
    cost: Cost,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl Scrypt {
    fn new(cost: Cost, salt: Vec<u8>, output: Vec<u8>) -> Result<Self, Unread> {
        text::check_lengths(&salt, &output)?;
        Ok(Self { cost, salt, output })
    }
}

impl ImportedHash for Scrypt {
    fn matches(&self, typed: &str) -> bool {
        self.cost
            .derive(typed, &self.salt, self.output.len())
            .is_some_and(|derived| verify_slices_are_equal(&derived, &self.output).is_ok())
    }

    fn milliseconds(&self) -> f64 {
        self.cost.milliseconds()
    }
}

/// Parses `$scrypt$ln=16,r=8,p=1$salt$output`.
pub(super) fn phc(text: &str) -> Result<Scrypt, Unread> {
    let phc = Phc::parse(text)?;
    let cost = Cost::new(phc.number("ln")?, phc.number("r")?, phc.number("p")?)?;
    Scrypt::new(cost, phc.salt, phc.output)
}

/// Parses `scrypt$16384$salt$8$5$output`, whose salt is text.
pub(super) fn django(text: &str) -> Result<Scrypt, Unread> {
    let [_, n, salt, r, p, output] = text::fields(text)?;
    let cost = Cost::by_n(text::number(n)?, text::number(r)?, text::number(p)?)?;
    Scrypt::new(cost, salt.as_bytes().to_vec(), text::base64(output)?)
}

/// Parses `scrypt:32768:8:1$salt$output`, whose salt is text and whose output is hexadecimal.
pub(super) fn werkzeug(text: &str) -> Result<Scrypt, Unread> {
    let [method, salt, output] = text::fields(text)?;
    let parameters: Vec<&str> = method.split(':').collect();
    let [_, n, r, p] = parameters[..] else {
        return Err(Unread::Malformed);
    };
    let cost = Cost::by_n(text::number(n)?, text::number(r)?, text::number(p)?)?;
    Scrypt::new(cost, salt.as_bytes().to_vec(), text::hex(output)?)
}
