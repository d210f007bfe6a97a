//! The three data files.

use std::fmt;

use crate::assumed::Assumed;
use crate::measured::Measured;
use crate::prices::Prices;

/// All that the document is computed from.
#[derive(Debug)]
pub struct Inputs {
    pub(crate) prices: Prices,
    pub(crate) measured: Measured,
    /// What was neither measured nor is a price.
    pub assumed: Assumed,
}

/// A data file that is not as it must be.
#[derive(Debug)]
pub struct InputsError {
    file: &'static str,
    why: String,
}

impl fmt::Display for InputsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.file, self.why)
    }
}

impl std::error::Error for InputsError {}

impl Inputs {
    /// The files that this crate was built with.
    ///
    /// # Errors
    ///
    /// Where one of them cannot be read, or an operation names a function that has no memory size.
    pub fn committed() -> Result<Self, InputsError> {
        let prices = parse("dev/cost/prices.toml", include_str!("../prices.toml"))?;
        let measured: Measured = parse("dev/cost/measured.toml", include_str!("../measured.toml"))?;
        let assumed: Assumed = parse("dev/cost/assumed.toml", include_str!("../assumed.toml"))?;
        for operation in measured.operation.all() {
            if !assumed.memory_mb.contains_key(&operation.function) {
                return Err(InputsError {
                    file: "dev/cost/assumed.toml",
                    why: format!("memory_mb says nothing of {}", operation.function),
                });
            }
        }
        Ok(Self {
            prices,
            measured,
            assumed,
        })
    }
}

fn parse<T: serde::de::DeserializeOwned>(file: &'static str, text: &str) -> Result<T, InputsError> {
    toml::from_str(text).map_err(|error| InputsError {
        file,
        why: error.to_string(),
    })
}
