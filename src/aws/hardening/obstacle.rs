//! What stands in the way, where a refusal of the services that watch root says it: by its code, and where one code says
//! several things, by its words.
//!
//! The codes are those of the API models; the words were seen by others (hashicorp/terraform#13631, #29991 and #2776,
//! aws-cli#5098, aws-sdk-go-v2#1957, Miserlou/Zappa#381).

use crate::aws::Error;

/// Why AWS did not do it, where what comes next depends on it. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Obstacle {
    /// CloudTrail does not see that the bucket's policy lets it in: the policy is wrong, or was put a moment ago.
    BucketPolicy,
    /// CloudTrail or EventBridge may not use the role, or the role may not write to the log group: one of them is wrong, or
    /// the role was made a moment ago. AWS says the same of both.
    Role,
    /// The trail's bucket is not there.
    NoBucket,
    /// The name is taken in this account.
    NameTaken,
    /// The bucket is the caller's already.
    OwnBucket,
    /// Another account has a bucket of this name.
    StrangersBucket,
    /// A quota is reached: five trails in a region, a hundred filters of a log group, …
    Limit,
    /// It can be changed in its home region only, or the ARN names another region.
    WrongRegion,
    /// Something else is changing it: wait a few minutes.
    Conflict,
    /// There is no such thing.
    NotThere,
    /// The bucket holds objects.
    NotEmpty,
    /// Something else needs it still: a rule its targets, a role its policies.
    InUse,
    /// The organization does not let CloudTrail do this: all features are missing, or the caller is not the management
    /// account.
    Organization,
    /// The organization does not trust CloudTrail, or has done so only since a moment ago.
    Untrusted,
    /// A topic of this name has other attributes.
    TopicDiffers,
    /// The subscription has not been confirmed.
    Pending,
    /// The token of a confirmation is wrong or too old.
    Token,
}

impl Error {
    /// What stands in the way, where AWS refused a call for a reason that has a name here.
    #[must_use]
    pub fn obstacle(&self) -> Option<Obstacle> {
        match self {
            Self::AlreadyExists { .. } => Some(Obstacle::NameTaken),
            Self::NotFound { .. } => Some(Obstacle::NotThere),
            Self::LimitExceeded { .. } => Some(Obstacle::Limit),
            Self::DeleteConflict { .. } => Some(Obstacle::InUse),
            Self::TryLater { code, .. } if code.starts_with("Concurrent") => Some(Obstacle::Conflict),
            Self::Refused { code, message, .. } => by_code(code).or_else(|| by_words(code, message)),
            _ => None,
        }
    }
}

/// S3's words for what is not there.
const NOT_IN_S3: [&str; 5] = [
    "NoSuchBucket",
    "NoSuchBucketPolicy",
    "NoSuchPublicAccessBlockConfiguration",
    "OwnershipControlsNotFoundError",
    "ServerSideEncryptionConfigurationNotFoundError",
];

fn by_code(code: &str) -> Option<Obstacle> {
    Some(match code {
        "InsufficientS3BucketPolicyException" => Obstacle::BucketPolicy,
        "S3BucketDoesNotExistException" => Obstacle::NoBucket,
        "TrailAlreadyExistsException" | "ResourceAlreadyExistsException" | "AlreadyExistsException" => {
            Obstacle::NameTaken
        }
        "BucketAlreadyOwnedByYou" => Obstacle::OwnBucket,
        "BucketAlreadyExists" => Obstacle::StrangersBucket,
        "MaximumNumberOfTrailsExceededException"
        | "LimitExceededException"
        | "TooManyBuckets"
        | "TopicLimitExceeded"
        | "SubscriptionLimitExceeded" => Obstacle::Limit,
        "InvalidHomeRegionException"
        | "PermanentRedirect"
        | "IllegalLocationConstraintException"
        | "AuthorizationHeaderMalformed" => Obstacle::WrongRegion,
        "ConflictException"
        | "OperationAborted"
        | "OperationAbortedException"
        | "ConcurrentModificationException" => Obstacle::Conflict,
        "TrailNotFoundException"
        | "ResourceNotFoundException"
        | "ResourceNotFound"
        | "NotFoundException"
        | "NotFound" => Obstacle::NotThere,
        code if NOT_IN_S3.contains(&code) => Obstacle::NotThere,
        "BucketNotEmpty" => Obstacle::NotEmpty,
        "CloudTrailAccessNotEnabledException" => Obstacle::Untrusted,
        "NoManagementAccountSLRExistsException"
        | "InsufficientDependencyServiceAccessPermissionException"
        | "NotOrganizationMasterAccountException"
        | "OrganizationsNotInUseException"
        | "OrganizationNotInAllFeaturesModeException" => Obstacle::Organization,
        _ => return None,
    })
}

fn by_words(code: &str, message: &str) -> Option<Obstacle> {
    let says = |words: &str| message.contains(words);
    match code {
        "InvalidCloudWatchLogsRoleArnException" | "InvalidCloudWatchLogsLogGroupArnException"
            if says("Access denied") =>
        {
            Some(Obstacle::Role)
        }
        _ if says("Region in ARN") => Some(Obstacle::WrongRegion),
        "ValidationException" if says("since it has targets") => Some(Obstacle::InUse),
        "ValidationException" if says("cannot be assumed by principal") => Some(Obstacle::Role),
        "InvalidParameter" if says("already exists with different attributes") => Some(Obstacle::TopicDiffers),
        "InvalidParameter" if says("pending confirmation") => Some(Obstacle::Pending),
        "InvalidParameter" if says("Invalid parameter: Token") || says("Invalid token") => Some(Obstacle::Token),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::Call;

    fn obstacle(code: &str, message: &str) -> Option<Obstacle> {
        let (code, message) = (code.to_owned(), message.to_owned());
        Error::Refused { call: Call::CreateTrail, status: 400, code, message }.obstacle()
    }

    /// EventBridge's (Miserlou/Zappa#381).
    const ASSUMED: &str = "Provided role 'arn:aws:iam::111122223333:role/r' cannot be assumed by principal \
                           'events.amazonaws.com'.";

    #[test]
    fn a_code_that_says_several_things_is_told_apart_by_its_words() {
        let role = "InvalidCloudWatchLogsRoleArnException";
        let group = "InvalidCloudWatchLogsLogGroupArnException";
        for (code, message, right) in [
            (role, "Access denied. Check the trust relationships for your role.", Some(Obstacle::Role)),
            (group, "Access denied. Check the permissions for your role.", Some(Obstacle::Role)),
            (group, "CloudTrail cannot validate the specified log group ARN.", None),
            ("CloudTrailARNInvalidException", "Region in ARN is wrong.", Some(Obstacle::WrongRegion)),
            ("ValidationException", "Rule can't be deleted since it has targets.", Some(Obstacle::InUse)),
            ("ValidationException", ASSUMED, Some(Obstacle::Role)),
            ("ValidationException", "Parameter is not valid.", None),
            ("InvalidParameter", "Invalid parameter: Token", Some(Obstacle::Token)),
            ("InvalidParameter", "Invalid parameter: TopicArn", None),
            ("SomethingElse", "", None),
        ] {
            assert_eq!(obstacle(code, message), right, "{code}: {message}");
        }
    }

    #[test]
    fn what_the_other_services_say_is_told_as_well() {
        let later = |code: &str| Error::TryLater { call: Call::PutRule, code: code.to_owned() };
        assert_eq!(Error::NotFound { message: String::new() }.obstacle(), Some(Obstacle::NotThere));
        assert_eq!(later("ConcurrentModification").obstacle(), Some(Obstacle::Conflict));
        assert_eq!(later("Throttling").obstacle(), None);
        assert_eq!(Error::Interrupted.obstacle(), None);
    }
}
