//! Version 3 of ASP.NET Core Identity's hashes: base64 of a record with PBKDF2's parameters. Source:
//! [PasswordHasher.cs](https://github.com/dotnet/aspnetcore/blob/main/src/Identity/Extensions.Core/src/PasswordHasher.cs).

use super::Unread;
use super::pbkdf2::{Pbkdf2, Prf};
use super::text;

const VERSION_3: u8 = 1;

/// Parses a record: the version, then the function, the iterations and the salt's length in big-endian numbers of 32 bits, salt, output.
pub(super) fn parse(encoded: &str) -> Result<Pbkdf2, Unread> {
    let record = text::base64(encoded)?;
    let (version, rest) = record.split_first().ok_or(Unread::Malformed)?;
    if *version != VERSION_3 {
        return Err(Unread::Malformed);
    }
    let (prf, rest) = number(rest)?;
    let (iterations, rest) = number(rest)?;
    let (salt_bytes, rest) = number(rest)?;
    let (salt, output) = usize::try_from(salt_bytes)
        .ok()
        .and_then(|bytes| rest.split_at_checked(bytes))
        .ok_or(Unread::Malformed)?;
    let prf = match prf {
        0 => Prf::Sha1,
        1 => Prf::Sha256,
        2 => Prf::Sha512,
        _ => return Err(Unread::Malformed),
    };
    Pbkdf2::new(prf, iterations, salt.to_vec(), output.to_vec())
}

fn number(record: &[u8]) -> Result<(u32, &[u8]), Unread> {
    let (number, rest) = record.split_first_chunk().ok_or(Unread::Malformed)?;
    Ok((u32::from_be_bytes(*number), rest))
}
