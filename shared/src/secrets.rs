//! The client of Secrets Manager, where a deployment keeps its key ring.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::SdkError;
use aws_sdk_secretsmanager::operation::get_secret_value::{GetSecretValueError, GetSecretValueOutput};
use url::Url;
use zeroize::Zeroizing;

use crate::aws;
use crate::error::Error;

/// A client for AWS, or for an endpoint of one's own.
///
/// # Errors
///
/// [`Error::Internal`] where the TLS configuration cannot be built.
pub async fn connect(endpoint: Option<&Url>) -> Result<Client, Error> {
    Ok(Client::new(&aws::config(endpoint).await?))
}

/// The text of a version of a secret, wiped once it is dropped; `None` where there is no such version or it has no value yet.
///
/// # Errors
///
/// [`Error::Unavailable`].
pub fn text(
    read: Result<GetSecretValueOutput, SdkError<GetSecretValueError>>,
) -> Result<Option<Zeroizing<String>>, Error> {
    match read {
        Ok(output) => Ok(output.secret_string.map(Zeroizing::new)),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(GetSecretValueError::is_resource_not_found_exception) =>
        {
            Ok(None)
        }
        Err(error) => Err(Error::unavailable("the secret", aws::words(&error))),
    }
}
