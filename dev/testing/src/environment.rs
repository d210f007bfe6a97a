//! An execution environment of a function's real binary, under one emulator of Lambda or another.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::rie::Rie;
use crate::runtime_api::{Function, InvocationError, RuntimeApi};

/// What stands for Lambda.
#[derive(Clone, Debug)]
pub enum Emulator {
    /// The Runtime API of this crate.
    RuntimeApi,
    /// AWS's own emulator, at this path.
    Rie(PathBuf),
}

/// A function that can be called.
#[derive(Debug)]
pub enum Environment {
    /// Under the Runtime API of this crate.
    RuntimeApi {
        /// The process.
        function: Function,
        /// Kept: it stops with this value.
        api: RuntimeApi,
        /// How long an invocation may take.
        limit: Duration,
    },
    /// Under AWS's own emulator.
    Rie(Rie),
}

impl Emulator {
    /// Starts `binary` with its variables; an invocation may take `limit`.
    ///
    /// # Errors
    ///
    /// If the emulator, or the binary, cannot be started.
    pub async fn start(
        &self,
        binary: &Path,
        variables: &BTreeMap<String, String>,
        limit: Duration,
    ) -> io::Result<Environment> {
        let variables = variables.clone();
        match self {
            Self::RuntimeApi => {
                let api = RuntimeApi::start().await?;
                let function = Function::spawn(binary, variables, &api)?;
                Ok(Environment::RuntimeApi { function, api, limit })
            }
            Self::Rie(rie) => Rie::start(rie, binary, variables, limit)
                .await
                .map(Environment::Rie),
        }
    }
}

impl Environment {
    /// Hands `event` to the function and gives its answer.
    ///
    /// # Errors
    ///
    /// [`InvocationError`] says whether the function failed, or could not start, or ended, or did not answer in time.
    pub async fn invoke(&mut self, event: &Value) -> Result<Value, InvocationError> {
        match self {
            Self::RuntimeApi { function, limit, .. } => function.invoke(event, *limit).await,
            Self::Rie(rie) => rie.invoke(event).await,
        }
    }

    /// What the function, and an emulator beside it, have written so far.
    #[must_use]
    pub fn output(&self) -> String {
        match self {
            Self::RuntimeApi { function, .. } => function.stdout() + &function.stderr(),
            Self::Rie(rie) => rie.output(),
        }
    }
}
