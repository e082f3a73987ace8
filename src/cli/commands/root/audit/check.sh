#!/bin/bash
# Checks account @ACCOUNT@ with the AWS CLI, by the rules of `glasskey root audit`. It reads, and changes nothing.
#
# A line for each rule: pass, fail, n/a or unknown. The exit code is 0 where nothing fails and all could be told, 1 where
# something fails, 2 where this is another account, and 4 where something could not be told.
#
# Less is weighed than by glasskey: of users' policies, AdministratorAccess alone; no keys of KMS, no rules of EventBridge, and
# of filters, alarms and topics' policies the usual ones. What is not weighed is unknown.
set -uo pipefail
export AWS_PAGER=''

account=@ACCOUNT@
partition=@PARTITION@
# Where IAM, Organizations and root's sign-ins are.
home=@HOME@
failed=0
untold=0
why=$(mktemp)
trap 'rm -f "$why"' EXIT

say() {
    printf '%-8s %-18s %s\n' "$1" "$2" "$3"
    case $1 in
    fail) failed=1 ;;
    unknown) untold=1 ;;
    esac
}

# Asks; what AWS says of a refusal is in $why.
ask() { aws --output text "$@" 2>"$why"; }

refusal() { tr '\n' ' ' <"$why"; }

refused() { say unknown "$1" "$(refusal)"; }

# ISO 8601, 90 days ago: GNU date or BSD date.
days_ago() {
    local then=$(($(date +%s) - $1 * 86400))
    date -u -d "@$then" +%Y-%m-%dT%H:%M:%S 2>/dev/null || date -u -r "$then" +%Y-%m-%dT%H:%M:%S
}

report() {
    local state
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        state=$(ask iam generate-credential-report --query State) || return 1
        if [ "$state" = COMPLETE ]; then
            aws --output text iam get-credential-report --query Content 2>"$why" | base64 --decode
            return
        fi
        sleep 2
    done
    echo 'the credential report was not ready' >"$why"
    return 1
}

# A column of the report's row of a user.
column() { awk -F, -v user="$2" -v column="$3" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == column) at = i } $1 == user { print $at }' <<<"$1"; }

# Each user with how many MFA devices they have, as IAM has it now: "name number" each. The credential report may be hours old.
people=''
people_are=unread
why_no_people=''
read_people() {
    local names user devices
    [ $people_are = unread ] || return
    people_are=untold
    names=$(ask iam list-users --query 'Users[].[UserName]') || { why_no_people=$(refusal) && return; }
    for user in $names; do
        if devices=$(ask iam list-mfa-devices --user-name "$user" --query 'length(MFADevices)'); then
            people+="$user $devices"$'\n'
        elif ! grep -q NoSuchEntity "$why"; then
            why_no_people=$(refusal)
            return
        fi
    done
    people_are=known
}

# Whether a user has a password or an active access key: yes, no or untold.
signs_in() {
    local keys
    if ask iam get-login-profile --user-name "$1" --query LoginProfile.UserName >/dev/null; then
        echo yes
    elif ! grep -q NoSuchEntity "$why"; then
        echo untold
    elif keys=$(ask iam list-access-keys --user-name "$1" --query "length(AccessKeyMetadata[?Status=='Active'])"); then
        [ "$keys" = 0 ] && echo no || echo yes
    else
        grep -q NoSuchEntity "$why" && echo no || echo untold
    fi
}

root_credentials() {
    local summary
    if ! summary=$(ask iam get-account-summary --query 'SummaryMap.[AccountMFAEnabled,AccountAccessKeysPresent,AccountSigningCertificatesPresent,AccountPasswordPresent,MFADevicesInUse]'); then
        for rule in root-mfa root-hardware-mfa root-virtual-mfa root-two-factors root-access-keys root-certificates; do refused $rule; done
        return
    fi
    read -r mfa keys certificates password in_use <<<"$summary"
    if [ "$password" = 0 ]; then
        for rule in root-mfa root-hardware-mfa root-virtual-mfa root-two-factors; do say n/a $rule 'root has no password'; done
    else
        root_factors
    fi
    case $keys in
    0) say pass root-access-keys 'no root access keys' ;;
    *) say fail root-access-keys "root has access keys: $keys" ;;
    esac
    case $certificates in
    0) say pass root-certificates 'no root signing certificates' ;;
    *) say fail root-certificates "root has signing certificates: $certificates" ;;
    esac
}

root_factors() {
    local virtual seen=None
    case $mfa in
    0)
        say fail root-mfa 'root has no MFA'
        say fail root-hardware-mfa 'root has no hardware factor, and no other'
        say n/a root-virtual-mfa 'root has no MFA'
        say n/a root-two-factors 'root has no MFA'
        return
        ;;
    *) say pass root-mfa 'root has MFA' ;;
    esac
    virtual=$(ask iam list-virtual-mfa-devices --assignment-status Assigned --query "length(VirtualMFADevices[?ends_with(User.Arn, ':root')])") || virtual=untold
    # Root alone can list its factors. Their number is that of all that are in use, less the users'.
    case $is_root in
    yes) seen=$(ask iam list-mfa-devices --query 'length(MFADevices)') || seen=None ;;
    no)
        read_people
        seen=$(roots_devices) || seen=None
        ;;
    esac
    case $virtual/$seen in
    untold/*) for rule in root-hardware-mfa root-virtual-mfa root-two-factors; do refused $rule; done ;;
    0/*)
        say pass root-hardware-mfa 'root has a hardware factor'
        say pass root-virtual-mfa 'root has no virtual factor'
        two_factors "$seen"
        ;;
    */None)
        for rule in root-hardware-mfa root-virtual-mfa; do say unknown $rule 'root has a virtual factor; how many others could not be told'; done
        two_factors "$seen"
        ;;
    *)
        if [ "$seen" -gt "$virtual" ]; then
            say pass root-hardware-mfa 'root has a hardware factor'
            say fail root-virtual-mfa 'root has a virtual factor beside the hardware'
        else
            say fail root-hardware-mfa 'root has only virtual MFA'
            say n/a root-virtual-mfa 'no virtual factor beside hardware'
        fi
        two_factors "$seen"
        ;;
    esac
}

# How many devices are root's.
roots_devices() {
    local count=$in_use user of
    [ "$people_are" = known ] && [ "$count" != None ] || return
    while read -r user of; do
        [ -z "$user" ] || count=$((count - of))
    done <<<"$people"
    echo "$count"
}

two_factors() {
    case $1 in
    None) say unknown root-two-factors 'how many factors root has could not be told' ;;
    0 | 1) say fail root-two-factors 'root has one factor: losing it locks root out' ;;
    *) say pass root-two-factors "root has factors: $1" ;;
    esac
}

root_use() {
    local rows since used=no dates untold_date=no
    if [ "${password:-}/${keys:-}/${certificates:-}" = 0/0/0 ]; then
        say n/a root-use 'root has nothing to be used with'
        return
    fi
    if ! rows=$(report) || [ -z "$rows" ]; then
        refused root-use
        return
    fi
    since=$(days_ago 90)
    dates=$(for of in password_last_used access_key_1_last_used_date access_key_2_last_used_date; do column "$rows" '<root_account>' $of; done)
    for date in $dates; do
        case $date in
        N/A | no_information) ;;
        [0-9]*) [[ $date < $since ]] || used=yes ;;
        *) untold_date=yes ;;
        esac
    done
    case $used/$untold_date in
    yes/*) say fail root-use 'root was used in the last 90 days' ;;
    */yes) say unknown root-use 'the credential report does not say when root was used' ;;
    *) say pass root-use 'root was not used for 90 days' ;;
    esac
}

organization() {
    local management features trusted
    if ! management=$(ask organizations describe-organization --query Organization.MasterAccountId); then
        if grep -q AWSOrganizationsNotInUseException "$why"; then
            for rule in root-credentials central-root scp-stops-tasks; do say n/a $rule 'the account is in no organization'; done
        else
            for rule in root-credentials central-root scp-stops-tasks; do refused $rule; done
        fi
        return
    fi
    if [ "$management" != "$account" ]; then
        for rule in central-root scp-stops-tasks; do say n/a $rule 'this is not the management account'; done
        case ${password:-None} in
        0) say pass root-credentials 'root has no password' ;;
        None) say unknown root-credentials 'the account does not say whether root has a password' ;;
        *) say fail root-credentials 'root of a member account has a password' ;;
        esac
        return
    fi
    say n/a root-credentials 'this is the management account'
    say unknown scp-stops-tasks 'glasskey root audit weighs the policies'
    trusted=$(ask organizations list-aws-service-access-for-organization --query "length(EnabledServicePrincipals[?ServicePrincipal=='iam.amazonaws.com'])") || trusted=untold
    features=$(ask iam list-organizations-features --query 'length(EnabledFeatures)') || { grep -q ServiceAccessNotEnabledException "$why" && features=0; } || features=untold
    case $trusted/$features in
    1/2) say pass central-root 'root is managed centrally' ;;
    *untold*) refused central-root ;;
    *) say fail central-root 'root is not managed centrally' ;;
    esac
}

# Trails of all regions that log every management event and deliver: "name home group" each.
good_trails=''
# Why something on the way could not be asked.
unseen=''
trails() {
    local all name arn region multi validated group any=no validates=no
    if ! all=$(ask cloudtrail describe-trails --region "$home" --query 'trailList[].[Name,TrailARN,HomeRegion,IsMultiRegionTrail,LogFileValidationEnabled,CloudWatchLogsLogGroupArn]'); then
        for rule in trail trail-validation root-alarm; do refused $rule; done
        return
    fi
    while read -r name arn region multi validated group; do
        [ -n "$name" ] || continue
        any=yes
        [ "$multi" = True ] || continue
        [ "$validated" != True ] || validates=yes
        records "$arn" "$region" || continue
        # What does not come to the log group is not seen there.
        [ "$delivers" = True ] || group=None
        good_trails+="$name $region $group"$'\n'
    done <<<"$all"
    if [ -n "$good_trails" ]; then
        say pass trail "a trail records all regions: ${good_trails%% *}"
    elif [ -n "$unseen" ]; then
        say unknown trail "$unseen"
    else
        say fail trail 'no trail records everything in all regions'
    fi
    case $any/$validates in
    no/*) say n/a trail-validation 'there are no log files to validate' ;;
    */yes) say pass trail-validation 'log files are validated' ;;
    *) say fail trail-validation 'log files are not validated' ;;
    esac
    root_alarm
}

# Whether a trail logs, delivers, and has all management events. Whether it delivers to its log group is in $delivers.
records() {
    local status logging files
    status=$(ask cloudtrail get-trail-status --name "$1" --region "$2" --query '[IsLogging,!LatestDeliveryError,!LatestCloudWatchLogsDeliveryError]') || {
        ! grep -q TrailNotFound "$why" || return 1
        unseen=$(refusal)
        return 1
    }
    read -r logging files delivers <<<"$status"
    [ "$logging/$files" = True/True ] || return 1
    selects "$1" "$2"
}

# Whether a trail's selectors take what reads and what writes. Of basic ones those count that include management events. Of
# advanced ones those of that category that nothing narrows: leaving out KMS or the RDS Data API says nothing of root.
selects() {
    local all kind one two three reads=no writes=no
    all=$(ask cloudtrail get-event-selectors --trail-name "$1" --region "$2" --query "[EventSelectors[?IncludeManagementEvents].['basic',ReadWriteType],AdvancedEventSelectors[?FieldSelectors[?Field=='eventCategory' && Equals[?@=='Management']]].['advanced',length(FieldSelectors[?Field!='eventCategory' && Field!='readOnly' && !(Field=='eventSource' && NotEquals && !(NotEquals[?@!='kms.amazonaws.com' && @!='rdsdata.amazonaws.com']))]),length(FieldSelectors[?Field=='readOnly']),length(FieldSelectors[?Field=='readOnly' && (Equals[?@=='true'] || NotEquals[?@=='false'])])]][]") || {
        unseen=$(refusal)
        return 1
    }
    while read -r kind one two three; do
        case $kind/$one/$two/$three in
        basic/ReadOnly/* | advanced/0/[1-9]*/[1-9]*) reads=yes ;;
        basic/WriteOnly/* | advanced/0/[1-9]*/0) writes=yes ;;
        basic/* | advanced/0/0/*) reads=yes writes=yes ;;
        esac
    done <<<"$all"
    [ $reads$writes = yesyes ]
}

@ALARM@
administrators() {
    local policy="arn:$partition:iam::aws:policy/AdministratorAccess" admins groups roles member principals count=0
    if ! admins=$(ask iam list-entities-for-policy --policy-arn "$policy" --query 'PolicyUsers[].UserName') ||
        ! groups=$(ask iam list-entities-for-policy --policy-arn "$policy" --query 'PolicyGroups[].GroupName') ||
        ! roles=$(ask iam list-entities-for-policy --policy-arn "$policy" --query 'PolicyRoles[].RoleName'); then
        for rule in other-admin admin-mfa; do refused $rule; done
        return
    fi
    for group in $groups; do
        member=$(ask iam get-group --group-name "$group" --query 'Users[].UserName') && admins+=" $member"
    done
    for role in $roles; do
        principals=$(ask iam get-role --role-name "$role" --query 'Role.AssumeRolePolicyDocument.Statement[].[Principal.AWS,Principal.Federated]') || continue
        [[ $principals =~ arn:|[0-9]{12} ]] && count=$((count + 1))
    done
    admin_users "$admins"
    case $count in
    0) say unknown other-admin 'nobody who can sign in is seen to have AdministratorAccess; other policies are not weighed here' ;;
    *) say pass other-admin "administrators beside root: $count" ;;
    esac
}

# Says whether users who can sign in have MFA, and adds the administrators among them to $count.
admin_users() {
    local user devices can is_admin without='' others='' unclear=''
    read_people
    if [ "$people_are" != known ]; then
        say unknown admin-mfa "$why_no_people"
        return
    fi
    while read -r user devices <&3; do
        [ -n "$user" ] || continue
        is_admin=no
        [[ " $1 " != *[[:space:]]"$user"[[:space:]]* ]] || is_admin=yes
        case $devices/$is_admin in
        0/* | */yes) ;;
        *) continue ;;
        esac
        can=$(signs_in "$user")
        [ "$can/$is_admin" != yes/yes ] || count=$((count + 1))
        case $devices/$can/$is_admin in
        0/yes/yes) without+=" $user" ;;
        0/yes/no) others+=" $user" ;;
        0/untold/*) unclear+=" $user" ;;
        esac
    done 3<<<"$people"
    case $without/$others/$unclear in
    //) say pass admin-mfa 'every user who can sign in has MFA' ;;
    /*/) say unknown admin-mfa "whether these, without MFA, are administrators is not weighed:$others" ;;
    /*) say unknown admin-mfa "whether these, without MFA, can sign in could not be told:$unclear" ;;
    *) say fail admin-mfa "administrators without MFA:$without" ;;
    esac
}

settings() {
    local policy
    if ask account get-contact-information --region "$home" --query ContactInformation.FullName >/dev/null; then
        say pass contact 'there is a contact'
    elif grep -q ResourceNotFoundException "$why"; then
        say fail contact 'the account has no contact'
    else
        refused contact
    fi
    if ask account get-alternate-contact --region "$home" --alternate-contact-type SECURITY --query AlternateContact.Name >/dev/null; then
        say pass security-contact 'there is a security contact'
    elif grep -q ResourceNotFoundException "$why"; then
        say fail security-contact 'there is no security contact'
    else
        refused security-contact
    fi
    if policy=$(ask iam get-account-password-policy --query 'PasswordPolicy.[MinimumPasswordLength,PasswordReusePrevention]'); then
        read -r length reuse <<<"$policy"
        [ "$reuse" != None ] || reuse=0
        if [ "$length" -ge 14 ] && [ "$reuse" -ge 24 ]; then
            say pass password-policy 'the password policy is strict'
        else
            say fail password-policy "length $length, old passwords refused $reuse"
        fi
    elif grep -q NoSuchEntity "$why"; then
        say fail password-policy 'there is no password policy'
    else
        refused password-policy
    fi
}

caller=$(ask sts get-caller-identity --region "$home" --query '[Account,Arn]') || {
    echo "the AWS CLI is not signed in: $(cat "$why")" >&2
    exit 2
}
if [ "${caller%%$'\t'*}" != "$account" ]; then
    echo "this is account ${caller%%$'\t'*}; the script is for account $account" >&2
    exit 2
fi
is_root=no
[[ $caller != *:root ]] || is_root=yes
root_credentials
root_use
organization
trails
administrators
settings
[ $failed = 0 ] || exit 1
[ $untold = 0 ] || exit 4
