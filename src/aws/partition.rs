//! AWS's partitions, and what differs between them. Where a service's endpoint is comes from the SDK's own data
//! ([`super::plain`]).

/// A partition. What AWS calls by another name is taken for the commercial one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partition {
    /// `aws`
    Commercial,
    /// `aws-cn`
    China,
    /// `aws-us-gov`
    GovCloud,
    /// `aws-eusc`: the European Sovereign Cloud.
    European,
}

impl Partition {
    const ALL: [Self; 4] = [Self::Commercial, Self::China, Self::GovCloud, Self::European];

    /// By its name in an ARN.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|partition| partition.name() == name).unwrap_or(Self::Commercial)
    }

    /// The one that a region is in.
    #[must_use]
    pub fn of_region(region: &str) -> Self {
        match region {
            region if region.starts_with("cn-") => Self::China,
            region if region.starts_with("us-gov-") => Self::GovCloud,
            region if region.starts_with("eusc-") => Self::European,
            _ => Self::Commercial,
        }
    }

    /// Its name in an ARN.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Commercial => "aws",
            Self::China => "aws-cn",
            Self::GovCloud => "aws-us-gov",
            Self::European => "aws-eusc",
        }
    }

    /// A region that answers AssumeRoot, and has the events of root's sign-ins.
    #[must_use]
    pub fn region(self) -> &'static str {
        self.regions().first().copied().unwrap_or("us-east-1")
    }

    /// The regions that every account has without turning them on, the one of root's sign-ins first (AWS Account
    /// Management, "Enable or disable AWS Regions in your account").
    pub(super) fn regions(self) -> &'static [&'static str] {
        match self {
            Self::Commercial => &[
                "us-east-1",
                "us-east-2",
                "us-west-2",
                "us-west-1",
                "ca-central-1",
                "eu-west-1",
                "eu-central-1",
                "eu-west-2",
                "eu-west-3",
                "eu-north-1",
                "sa-east-1",
                "ap-northeast-1",
                "ap-northeast-2",
                "ap-northeast-3",
                "ap-southeast-1",
                "ap-southeast-2",
                "ap-south-1",
            ],
            Self::China => &["cn-north-1", "cn-northwest-1"],
            Self::GovCloud => &["us-gov-west-1", "us-gov-east-1"],
            Self::European => &["eusc-de-east-1"],
        }
    }

    /// The host of its console.
    #[must_use]
    pub fn console(self) -> &'static str {
        match self {
            Self::Commercial => "console.aws.amazon.com",
            Self::China => "console.amazonaws.cn",
            Self::GovCloud => "console.amazonaws-us-gov.com",
            Self::European => "console.amazonaws-eusc.eu",
        }
    }

    /// Whether its root users sign in to the console. GovCloud's cannot, and so have no MFA and no AssumeRoot; they have
    /// access keys at most (AWS GovCloud User Guide, "AWS GovCloud (US) account root user").
    #[must_use]
    pub fn root_signs_in(self) -> bool {
        self != Self::GovCloud
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_its_name_and_by_its_regions() {
        for partition in Partition::ALL {
            assert_eq!(Partition::named(partition.name()), partition);
            for region in partition.regions() {
                assert_eq!(Partition::of_region(region), partition, "{region}");
            }
        }
        assert_eq!(Partition::named("aws-iso"), Partition::Commercial);
    }
}
