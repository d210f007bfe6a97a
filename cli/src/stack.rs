//! A deployment's CloudFormation stack.

use std::collections::BTreeMap;
use std::error::Error;

use aws_sdk_cloudformation::Client;
use shared::aws::{self, Caller};
use shared::env::{Endpoint, Env, Variable, process_variable};

/// Where CloudFormation is, as every SDK reads it.
pub(crate) const ENDPOINT: Variable<Endpoint> = Variable {
    name: "AWS_ENDPOINT_URL_CLOUDFORMATION",
    form: Endpoint,
    default: Some(""),
    meaning: "the endpoint of CloudFormation",
};

/// A stack.
pub(crate) struct Stack {
    client: Client,
    name: String,
    outputs: BTreeMap<String, String>,
    parameters: BTreeMap<String, String>,
}

impl Stack {
    /// Reads the stack of a name.
    pub(crate) async fn describe(name: &str, env: &Env<'_>, caller: Caller) -> Result<Self, String> {
        let config = aws::config_of(env, &ENDPOINT, caller).map_err(|error| error.to_string())?;
        let client = Client::new(&config);
        let described = client.describe_stacks().stack_name(name).send().await;
        let described = described.map_err(|error| of_stack(name, &error))?;
        let stack = described.stacks.and_then(|stacks| stacks.into_iter().next());
        let stack = stack.ok_or_else(|| format!("there is no stack {name}"))?;
        let outputs = stack.outputs.unwrap_or_default().into_iter();
        let parameters = stack.parameters.unwrap_or_default().into_iter();
        Ok(Self {
            client,
            name: name.to_owned(),
            outputs: outputs
                .filter_map(|output| output.output_key.zip(output.output_value))
                .collect(),
            parameters: parameters
                .filter_map(|parameter| parameter.parameter_key.zip(parameter.parameter_value))
                .collect(),
        })
    }

    /// Returns an output of the template.
    pub(crate) fn output(&self, key: &str) -> Result<&str, String> {
        let output = self.outputs.get(key).map(String::as_str);
        output.ok_or_else(|| {
            format!(
                "the stack {} has no output {key}: is it a Latchkey deployment, and is it deployed?",
                self.name
            )
        })
    }

    /// Returns the names of its resources of a type.
    pub(crate) async fn resources(&self, kind: &str) -> Result<Vec<String>, String> {
        let resources = self.client.list_stack_resources().stack_name(&self.name);
        let resources = resources.into_paginator().items().send();
        let resources: Result<Vec<_>, _> = resources.collect().await;
        let resources = resources.map_err(|error| of_stack(&self.name, &error))?;
        let of_kind = resources
            .into_iter()
            .filter(|resource| resource.resource_type.as_deref() == Some(kind));
        Ok(of_kind
            .filter_map(|resource| resource.physical_resource_id)
            .collect())
    }

    /// Returns the value of a functions' variable: that of the parameter of the same name. What is AWS's own is the shell's.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        if name.starts_with("AWS_") {
            return process_variable(name);
        }
        self.parameters.get(&parameter(name)).cloned()
    }
}

fn of_stack<E: Error + 'static>(name: &str, error: &E) -> String {
    format!("the stack {name}: {}", aws::message(error))
}

/// Returns the parameter of a variable: `MinPasswordLength` of `MIN_PASSWORD_LENGTH`.
fn parameter(variable: &str) -> String {
    let words = variable.split('_').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_owned() + &rest.to_lowercase()
    });
    words.collect()
}
