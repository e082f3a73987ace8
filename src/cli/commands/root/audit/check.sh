#!/bin/bash
# Checks account @ACCOUNT@ with the AWS CLI, by the rules of `glasskey root audit`. It reads, and changes nothing.
#
# A line for each rule: pass, fail, n/a or unknown. The exit code is 0 where nothing fails and all could be told, 1 where
# something fails, 2 where this is another account, and 4 where something could not be told.
#
# Less is weighed than by glasskey: of policies, AdministratorAccess alone; no KMS keys, no topic policies, no EventBridge.
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

refused() { say unknown "$1" "$(tr '\n' ' ' <"$why")"; }

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

users_of() { awk -F, 'NR > 1 && $1 != "<root_account>" { print $1 }' <<<"$1"; }

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
    no) seen=$(roots_devices) || seen=None ;;
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
    local rows count=$in_use of
    rows=$(report) && [ "$count" != None ] || return
    while read -r user <&3; do
        of=$(ask iam list-mfa-devices --user-name "$user" --query 'length(MFADevices)') || return
        count=$((count - of))
    done 3< <(users_of "$rows")
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
# Something on the way could not be asked.
unseen=no
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
        ! records "$arn" "$region" || good_trails+="$name $region $group"$'\n'
    done <<<"$all"
    if [ -z "$good_trails" ] && [ "$unseen" = yes ]; then
        refused trail
    elif [ -n "$good_trails" ]; then
        say pass trail "a trail records all regions: ${good_trails%% *}"
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

# Whether a trail logs, delivers, and has all management events.
records() {
    local status events
    status=$(ask cloudtrail get-trail-status --name "$1" --region "$2" --query '[IsLogging,LatestDeliveryError]') || { unseen=yes; return 1; }
    [ "$status" = $'True\tNone' ] || return 1
    events=$(ask cloudtrail get-event-selectors --trail-name "$1" --region "$2" --query "[length(EventSelectors[?IncludeManagementEvents && ReadWriteType=='All'] || \`[]\`),length(AdvancedEventSelectors || \`[]\`)]") || { unseen=yes; return 1; }
    case $events in
    0$'\t'0 | [1-9]*) return 0 ;;
    # Advanced selectors: one that takes management events and narrows them by nothing else.
    *) [ "$(ask cloudtrail get-event-selectors --trail-name "$1" --region "$2" --query "length(AdvancedEventSelectors[?length(FieldSelectors)==\`1\` && FieldSelectors[0].Field=='eventCategory' && FieldSelectors[0].Equals[0]=='Management'])")" != 0 ] ;;
    esac
}

root_event='{"eventVersion":"1.08","eventType":"AwsConsoleSignIn","eventName":"ConsoleLogin","eventSource":"signin.amazonaws.com","awsRegion":"us-east-1","recipientAccountId":"'$account'","userIdentity":{"type":"Root","principalId":"'$account'","arn":"arn:'$partition':iam::'$account':root","accountId":"'$account'"}}'
users_event='{"eventVersion":"1.08","eventType":"AwsApiCall","eventName":"ListUsers","eventSource":"iam.amazonaws.com","awsRegion":"us-east-1","recipientAccountId":"'$account'","userIdentity":{"type":"IAMUser","arn":"arn:'$partition':iam::'$account':user/somebody","accountId":"'$account'","userName":"somebody"}}'

# One whole chain is enough: trail, log group, filter, alarm, topic, a confirmed subscription.
root_alarm() {
    local name region group filters filter pattern metric namespace matches
    while read -r name region group; do
        [ -n "$name" ] || continue
        case $group in
        arn:*:logs:*:"$account":log-group:*) ;;
        *) continue ;;
        esac
        region=$(cut -d : -f 4 <<<"$group")
        group=${group#*:log-group:}
        if ! filters=$(ask logs describe-metric-filters --region "$region" --log-group-name "${group%:\*}" --query 'metricFilters[].[filterName,metricTransformations[0].metricName,metricTransformations[0].metricNamespace]'); then
            unseen=yes
            continue
        fi
        while IFS=$'\t' read -r filter metric namespace; do
            [ -n "$filter" ] || continue
            pattern=$(ask logs describe-metric-filters --region "$region" --log-group-name "${group%:\*}" --filter-name-prefix "$filter" --query "metricFilters[?filterName=='$filter'].filterPattern | [0]") || { unseen=yes; continue; }
            # Root's event and nobody else's: by AWS's own matcher.
            matches=$(ask logs test-metric-filter --region "$region" --filter-pattern "$pattern" --log-event-messages "$root_event" "$users_event" --query 'matches[].eventNumber') || { unseen=yes; continue; }
            [ "$matches" = 1 ] || continue
            ! alarms "$region" "$metric" "$namespace" || return
        done <<<"$filters"
    done <<<"$good_trails"
    if [ "$unseen" = yes ]; then
        refused root-alarm
        return
    fi
    say fail root-alarm 'no filter, alarm and confirmed subscription tell of root (rules of EventBridge are not looked at)'
}

# Whether an alarm on the metric reaches somebody who has confirmed.
alarms() {
    local all alarm enabled actions topic confirmed
    all=$(ask cloudwatch describe-alarms-for-metric --region "$1" --metric-name "$2" --namespace "$3" --query "MetricAlarms[?Statistic=='Sum' && Threshold<=\`1.0\`].[AlarmName,ActionsEnabled,join(',',AlarmActions)]") || { unseen=yes; return 1; }
    while IFS=$'\t' read -r alarm enabled actions; do
        [ "$enabled" = True ] || continue
        for topic in ${actions//,/ }; do
            confirmed=$(ask sns list-subscriptions-by-topic --region "$1" --topic-arn "$topic" --query "length(Subscriptions[?starts_with(SubscriptionArn, 'arn:')])") || { unseen=yes; continue; }
            if [ "${confirmed:-0}" -gt 0 ]; then
                say pass root-alarm "alarm $alarm tells $topic"
                return
            fi
        done
    done <<<"$all"
    return 1
}

administrators() {
    local policy="arn:$partition:iam::aws:policy/AdministratorAccess" users groups roles member principals rows without='' others='' count=0
    if ! users=$(ask iam list-entities-for-policy --policy-arn "$policy" --query 'PolicyUsers[].UserName') ||
        ! groups=$(ask iam list-entities-for-policy --policy-arn "$policy" --query 'PolicyGroups[].GroupName') ||
        ! roles=$(ask iam list-entities-for-policy --policy-arn "$policy" --query 'PolicyRoles[].RoleName'); then
        for rule in other-admin admin-mfa; do refused $rule; done
        return
    fi
    for group in $groups; do
        member=$(ask iam get-group --group-name "$group" --query 'Users[].UserName') && users+=" $member"
    done
    for role in $roles; do
        principals=$(ask iam get-role --role-name "$role" --query 'Role.AssumeRolePolicyDocument.Statement[].[Principal.AWS,Principal.Federated]') || continue
        [[ $principals =~ arn:|[0-9]{12} ]] && count=$((count + 1))
    done
    if ! rows=$(report) || [ -z "$rows" ]; then
        refused admin-mfa
    else
        while read -r user <&3; do
            case $(column "$rows" "$user" password_enabled)/$(column "$rows" "$user" access_key_1_active)/$(column "$rows" "$user" access_key_2_active) in
            *true*)
                if [[ " $users " == *[[:space:]]"$user"[[:space:]]* ]]; then
                    count=$((count + 1))
                    [ "$(column "$rows" "$user" mfa_active)" = true ] || without+=" $user"
                else
                    [ "$(column "$rows" "$user" mfa_active)" = true ] || others+=" $user"
                fi
                ;;
            esac
        done 3< <(users_of "$rows")
        case $without/$others in
        /) say pass admin-mfa 'every user who can sign in has MFA' ;;
        /*) say unknown admin-mfa "whether these, without MFA, are administrators is not weighed:$others" ;;
        *) say fail admin-mfa "administrators without MFA:$without" ;;
        esac
    fi
    case $count in
    0) say unknown other-admin 'nobody has AdministratorAccess; other policies are not weighed here' ;;
    *) say pass other-admin "administrators beside root: $count" ;;
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
