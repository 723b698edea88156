//! The template of a stack, and what CloudFormation says of it.
//!
//! Sources: <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplate.html>,
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplateSummary.html>.

use aws_config::SdkConfig;
use holdfast::aws::service::{CLOUDFORMATION, Client};
use holdfast::domain::restore::stack::parameters::DeclaredParameter;
use roxmltree::{Document, Node};

use super::{members, read, text, texts};
use crate::aws;
use crate::failure::Result;

/// Where a template is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Template {
    /// Here.
    Body(String),
    /// In S3.
    Url(String),
    /// With a stack, by its ARN: too long to be sent.
    OfStack { stack: String, is_json: bool },
}

impl Template {
    /// The field of a request that has it.
    pub fn field(&self) -> (&'static str, &str) {
        match self {
            Template::Body(body) => ("TemplateBody", body),
            Template::Url(url) => ("TemplateURL", url),
            Template::OfStack { stack, .. } => ("StackName", stack),
        }
    }
}

/// What CloudFormation says of a template.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TemplateSummary {
    pub parameters: Vec<DeclaredParameter>,
    /// What has to be acknowledged to create a stack from it.
    pub capabilities: Vec<String>,
    /// Macros that it calls, such as `AWS::Serverless-2016-10-31`.
    pub transforms: Vec<String>,
    /// Such as `AWS::RDS::DBCluster`.
    pub resource_types: Vec<String>,
}

/// The template of a stack as it was submitted; also of one that was deleted at most 90 days ago, by its ARN.
pub async fn get(config: &SdkConfig, stack: &str) -> Result<String> {
    let client = Client::new(config, CLOUDFORMATION);
    let doing = "reading the template of stack";
    let fields = [("StackName", stack), ("TemplateStage", "Original")];
    let reply = client.query("GetTemplate", &fields).await;
    let reply = reply.map_err(|error| aws::failure(doing, stack, error))?;
    read(&reply, doing, stack, |document| text(document.root(), "TemplateBody"))
}

pub async fn summarize(config: &SdkConfig, template: &Template) -> Result<TemplateSummary> {
    let client = Client::new(config, CLOUDFORMATION);
    let doing = "reading the parameters of";
    let what = match template {
        Template::Body(_) => "the old stack's template",
        Template::Url(url) => url,
        Template::OfStack { stack, .. } => stack,
    };
    let reply = client.query("GetTemplateSummary", &[template.field()]).await;
    let reply = reply.map_err(|error| aws::failure(doing, what, error))?;
    read(&reply, doing, what, summary)
}

fn summary(document: &Document) -> TemplateSummary {
    let root = document.root();
    TemplateSummary {
        parameters: members(root, "Parameters").map(declared).collect(),
        capabilities: texts(root, "Capabilities"),
        transforms: texts(root, "DeclaredTransforms"),
        resource_types: texts(root, "ResourceTypes"),
    }
}

/// A default may be empty: only its element shows that there is one.
fn declared(parameter: Node<'_, '_>) -> DeclaredParameter {
    DeclaredParameter {
        name: text(parameter, "ParameterKey"),
        has_default: parameter
            .children()
            .any(|child| child.tag_name().name() == "DefaultValue"),
        no_echo: text(parameter, "NoEcho") == "true",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_summary_has_the_templates_parameters_and_what_it_needs() {
        let xml = "<R><GetTemplateSummaryResult><ResourceTypes><member>AWS::EC2::VPC</member></ResourceTypes><Parameters>\
                   <member><ParameterKey>A</ParameterKey><DefaultValue></DefaultValue><NoEcho>true</NoEcho>\
                   <ParameterConstraints><AllowedValues><member>x</member></AllowedValues></ParameterConstraints></member>\
                   <member><ParameterKey>B</ParameterKey><NoEcho>false</NoEcho></member></Parameters>\
                   <Capabilities><member>CAPABILITY_NAMED_IAM</member></Capabilities>\
                   <DeclaredTransforms><member>AWS::Serverless-2016-10-31</member></DeclaredTransforms></GetTemplateSummaryResult></R>";
        let found = summary(&Document::parse(xml).unwrap());
        let parameters: Vec<_> = found
            .parameters
            .iter()
            .map(|of| (of.name.as_str(), of.has_default, of.no_echo))
            .collect();
        assert_eq!(parameters, [("A", true, true), ("B", false, false)]);
        assert_eq!(found.capabilities, ["CAPABILITY_NAMED_IAM"]);
        assert_eq!(found.transforms, ["AWS::Serverless-2016-10-31"]);
        assert_eq!(found.resource_types, ["AWS::EC2::VPC"]);
    }
}
