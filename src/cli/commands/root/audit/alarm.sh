# Whether an event of root's reaches a person. One whole chain is enough: trail, log group, filter, alarm, topic, a confirmed
# subscription. Something on the way may be what this does not weigh ($maybe); then it is not known ($doubt), unless what
# follows is broken for certain.
doubt=''

# The event of a user: the type, its members, the event's name, service, type and region.
event() {
    echo '{"eventVersion":"1.08","eventName":"'"$3"'","eventSource":"'"$4"'.amazonaws.com","eventType":"'"$5"'","awsRegion":"'"$6"'","recipientAccountId":"'$account'","userIdentity":{"type":"'"$1"'","accountId":"'$account'",'"$2"'}}'
}

roots='"principalId":"'$account'","arn":"arn:'$partition':iam::'$account':root"'
sessions='"principalId":"AROAX:root","arn":"arn:'$partition':sts::'$account':assumed-role/root/root"'
users='"principalId":"AIDAX","userName":"root","arn":"arn:'$partition':iam::'$account':user/root"'
events=(
    "$(event Root "$roots" ConsoleLogin signin AwsConsoleSignIn us-east-1)"
    "$(event Root "$roots" ListBuckets s3 AwsApiCall eu-west-1)"
    "$(event Root "$roots" DeleteTrail cloudtrail AwsApiCall "$home")"
    "$(event Root "$roots" PasswordRecoveryCompleted signin AwsConsoleSignIn us-east-1)"
    "$(event IAMUser "$users" ConsoleLogin signin AwsConsoleSignIn us-east-1)"
    "$(event IAMUser "$users" DeleteTrail cloudtrail AwsApiCall us-east-1)"
    "$(event AssumedRole "$sessions" ListBuckets s3 AwsApiCall us-east-1)"
    "$(event AWSService '"invokedBy":"s3.amazonaws.com"' AssumeRole sts AwsApiCall us-east-1)"
)

root_alarm() {
    local name region group
    while read -r name region group; do
        case $group in
        '' | None) ;;
        arn:*:logs:*:"$account":log-group:*)
            region=$(cut -d : -f 4 <<<"$group")
            group=${group#*:log-group:}
            ! filters "$region" "${group%:\*}" || return
            ;;
        *) doubt="another account has the log group of trail $name" ;;
        esac
    done <<<"$good_trails"
    [ -n "$doubt" ] || [ -n "$unseen" ] || rules
    if [ -n "$doubt$unseen" ]; then
        say unknown root-alarm "${doubt:-$unseen}"
    else
        say fail root-alarm 'no filter, alarm and confirmed subscription tell of root'
    fi
}

# Metric filters of a log group. Each pattern comes in one line, as JSON.
filters() {
    local all filter metric space value default unit dimensions more pattern maybe
    if ! all=$(ask logs describe-metric-filters --region "$1" --log-group-name "$2" --query "metricFilters[].[filterName,metricTransformations[0].metricName,metricTransformations[0].metricNamespace,metricTransformations[0].metricValue,metricTransformations[0].defaultValue,metricTransformations[0].unit,length(keys(metricTransformations[0].dimensions || \`{}\`)),length(emitSystemFieldDimensions || \`[]\`),applyOnTransformedLogs || !(!fieldSelectionCriteria),to_string([filterPattern])]"); then
        grep -q ResourceNotFoundException "$why" || doubt=$(refusal)
        return 1
    fi
    while IFS=$'\t' read -r filter metric space value default unit dimensions system more pattern; do
        [ -n "$filter" ] || continue
        maybe=''
        pattern=${pattern#'["'} pattern=${pattern%'"]'}
        printf -v pattern '%b' "${pattern//\\\"/\\0042}"
        if [ "$more" = True ]; then
            maybe="filter $filter does not take events as they are"
        else
            catches "$1" "$filter" "$pattern" || continue
        fi
        # Dimensions of Logs' own are of the metric too.
        dimensions=$((dimensions + system))
        ! alarms "$1" "$metric" "$space" "$value" "$default" "$unit" "$dimensions" || return 0
    done <<<"$all"
    return 1
}

# Whether a pattern matches root's events and nobody else's: by AWS's own matcher, for events that each pattern meets, and by
# its terms for the others.
catches() {
    local matches terms term type=no
    matches=$(ask logs test-metric-filter --region "$1" --filter-pattern "$3" --log-event-messages "${events[@]}" --query 'matches[].eventNumber') || {
        doubt=$(refusal)
        return 1
    }
    if [ "$matches" != $'1\t2\t3\t4' ]; then
        # A regular expression is not weighed.
        [[ $3 != *%* ]] || doubt="the pattern of filter $2 has a regular expression"
        return 1
    fi
    terms=$(tr -d '"() \t\r\n' <<<"$3")
    terms=${terms#\{}
    terms=${terms%\}}
    while [ -n "$terms" ]; do
        term=${terms%%&&*}
        terms=${terms#"$term"}
        terms=${terms#&&}
        case $term in
        '$.userIdentity.type=Root' | '$.userIdentity.arn=*:root' | '$.userIdentity.principalId='"$account") type=yes ;;
        '$.userIdentity.arn=arn:'"$partition:iam::$account:root") type=yes ;;
        '$.userIdentity.invokedByNOTEXISTS' | '$.eventType!=AwsServiceEvent' | '$.userIdentity.sessionContext.assumedRootNOTEXISTS') ;;
        '$.userIdentity.accountId='"$account" | '$.recipientAccountId='"$account") ;;
        *) maybe="glasskey root audit weighs the pattern of filter $2" ;;
        esac
    done
    [ $type = yes ] || maybe="glasskey root audit weighs the pattern of filter $2"
}

# Alarms on a filter's metric, and alarms over those.
alarms() {
    local all kind alarm arn enabled what actions rule saw=$maybe of="MetricName=='$2' && Namespace=='$3'" over=''
    all=$(ask cloudwatch describe-alarms --region "$1" --alarm-types MetricAlarm CompositeAlarm --query "[MetricAlarms[?($of) || Metrics[?MetricStat.Metric.MetricName=='$2' && MetricStat.Metric.Namespace=='$3']].['metric',AlarmName,AlarmArn,ActionsEnabled,join('/',[to_string(Statistic),to_string(ComparisonOperator),to_string(Threshold),to_string(Period),to_string(EvaluationPeriods),to_string(DatapointsToAlarm),to_string(TreatMissingData),to_string(Unit || 'null'),to_string(length(Dimensions || \`[]\`))]),join(' ',AlarmActions || \`[]\`)],CompositeAlarms[].['over',AlarmName,AlarmArn,ActionsEnabled,to_string([AlarmRule]),join(' ',AlarmActions || \`[]\`)]][]") || {
        doubt=$(refusal)
        return 1
    }
    while IFS=$'\t' read -r kind alarm arn enabled what actions; do
        maybe=$saw
        case $kind in
        metric)
            over+=" $alarm"
            case $(raised "$what" "$4" "$5" "$6" "$7") in
            no) continue ;;
            unknown) maybe="glasskey root audit weighs alarm $alarm" ;;
            esac
            ;;
        over)
            # Its rule names the alarms that it is over.
            for name in $over; do [[ $what != *"$name"* ]] || maybe="alarm $alarm is over others"; done
            [[ $maybe == "alarm $alarm is over others" ]] || continue
            ;;
        *) continue ;;
        esac
        [ "$enabled" = True ] || continue
        for action in $actions; do
            reaches "$1" "$action" "$arn" || continue
            if [ -z "$maybe" ]; then
                say pass root-alarm "alarm $alarm tells $action"
                return 0
            fi
            doubt=$maybe
        done
    done <<<"$all"
    return 1
}

# What one event of root's makes of an alarm: yes, no or unknown. Its settings are held against the filter's value, default,
# unit and number of dimensions. A period has the value once for each event, and the default for each quiet minute.
raised() {
    awk -v settings="$1" -v value="$2" -v def="$3" -v unit="$4" -v dimensions="$5" '
    function over(v, n, d, m,    sum, least, most) {
        sum = v * n + d * m
        if (of == "Sum") return sum
        if (of == "SampleCount") return n + m
        if (of == "Average") return sum / (n + m)
        least = n && (!m || v < d) ? v : d
        most = n && (!m || v > d) ? v : d
        return of == "Minimum" ? least : most
    }
    function on(n, m,    x) {
        x = over(value + 0, n, def + 0, m)
        if (is == "GreaterThanOrEqualToThreshold") return x >= limit
        if (is == "GreaterThanThreshold") return x > limit
        if (is == "LessThanOrEqualToThreshold") return x <= limit
        return x < limit
    }
    function by(n,    m) {
        if (!has) return on(n, 0)
        for (m = 0; m <= minutes; m++) if (!on(n, m)) return 0
        return 1
    }
    function answer(word) { print word; exit }
    BEGIN {
        split(settings, s, "/")
        of = s[1]; is = s[2]; limit = s[3] + 0; minutes = int(s[4] / 60); points = s[6] == "null" ? s[5] : s[6]
        if (minutes < 1) minutes = 1
        has = def != "None"
        # An expression has no comparison of its own metric.
        if (s[4] == "null" || s[3] == "null") answer("unknown")
        if (unit == "None") unit = "null"
        if (s[8] == "None") s[8] = "null"
        if (s[8] != "null" && s[8] != unit || s[9] != dimensions) answer("no")
        if (dimensions != 0 || of !~ /^(Sum|SampleCount|Average|Minimum|Maximum)$/) answer("unknown")
        if (is !~ /^(Greater|Less)Than(OrEqualTo)?Threshold$/ || value !~ /^[0-9.]+$/) answer("unknown")
        if (has) for (m = 1; m <= minutes; m++) if (on(0, m)) answer("no")
        if (s[7] == "breaching" && !has) answer("no")
        if (!by(1) || !by(2) || !by(3) || !by(1000000)) answer("no")
        if (s[7] == "breaching") answer("unknown")
        if (points <= 1) answer("yes")
        answer(!has && (s[7] == "missing" || s[7] == "null") ? "unknown" : "no")
    }'
}

# Whether an action reaches somebody, or may ($maybe).
reaches() {
    case $2 in
    arn:*:sns:*) tells "$1" "$2" "$3" ;;
    arn:*:lambda:* | arn:*:states:* | arn:*:sqs:* | arn:*:ssm-incidents:* | arn:*:execute-api:* | arn:*:ssm:*:opsitem*) ;;
    arn:*:automate:* | arn:*:swf:* | arn:*:ec2:* | arn:*:autoscaling:* | arn:*:ssm:*) return 1 ;;
    *) maybe=${maybe:-"what $2 does is not known here"} ;;
    esac
}

# Whether a topic lets an alarm publish, and has somebody who receives it. What is broken for certain goes first.
tells() {
    local attributes key policy lets all subscription protocol told=no somebody=no perhaps=''
    if ! attributes=$(ask sns get-topic-attributes --region "$1" --topic-arn "$2" --query 'Attributes.[KmsMasterKeyId,Policy]') ||
        ! all=$(ask sns list-subscriptions-by-topic --region "$1" --topic-arn "$2" --query 'Subscriptions[].[SubscriptionArn,Protocol]'); then
        # A topic of another account may not be seen from here.
        [[ $2 == arn:*:sns:*:"$account":* ]] && grep -q NotFound "$why" && return 1
        maybe=${maybe:-$(refusal)}
        return 0
    fi
    while IFS=$'\t' read -r subscription protocol; do
        [[ $subscription == arn:* && $protocol != firehose && $told = no ]] || continue
        case $(receives "$1" "$subscription") in
        yes) told=yes ;;
        unknown*) somebody=yes ;;
        esac
    done <<<"$all"
    [ $told$somebody != nono ] || return 1
    [ $told = yes ] || perhaps="glasskey root audit weighs who receives what of $2"
    # An empty key is none.
    key=${attributes%%[$'\t\n']*}
    policy=${attributes#*[$'\t']}
    lets=$(lets "$policy" "$2" "$3")
    [ "$lets" != no ] || return 1
    [ "$lets" = yes ] || perhaps="glasskey root audit weighs the policy of $2"
    case $key in
    '' | None) ;;
    *alias/aws/sns) return 1 ;;
    *) perhaps="glasskey root audit weighs the key of $2" ;;
    esac
    maybe=${maybe:-$perhaps}
}

# Whether a subscription receives what an alarm publishes, which has no attributes.
receives() {
    local filter
    filter=$(ask sns get-subscription-attributes --region "$1" --subscription-arn "$2" --query 'Attributes.[FilterPolicyScope,FilterPolicy]' | tr -d ' \r\n') || {
        grep -q NotFound "$why" && echo no || echo unknown
        return
    }
    case $filter in
    *$'\tNone' | *$'\t{}' | *$'\t') echo yes ;;
    MessageBody* | *"\"\$or\""* | *'"exists":false'*) echo unknown ;;
    *) echo no ;;
    esac
}

# A policy's statements, a line each, without spaces.
statements() {
    tr -d ' \t\r\n' <<<"$1" | awk '{
        at = index($0, "\"Statement\":")
        for (i = at; at && i <= length($0); i++) {
            c = substr($0, i, 1)
            if (c == "{") depth++
            if (depth) text = text c
            if (c == "}" && --depth == 0) { print text; text = "" }
            if (c == "}" && depth < 0) exit
        }
    }'
}

# Whether a topic's policy lets an alarm publish: yes, no, or unknown where it takes more than this weighs.
lets() {
    local statement met answer=no actions='"[Ss][Nn][Ss]:([Pp]ublish|\*)"|"Action":"\*"' condition='"Condition":(\{("[A-Za-z]+":\{[^{}]*\},?)*\})'
    while read -r statement; do
        met=unknown
        case $statement in
        *'"Effect":"Deny"'* | *'"NotAction"'* | *'"NotPrincipal"'* | *'"NotResource"'* | *"\${"*)
            answer=unknown
            break
            ;;
        *cloudwatch.amazonaws.com* | *'"Principal":"*"'* | *'"AWS":"*"'* | *'"AWS":["*"]'*)
            if [[ ! $statement =~ $actions ]]; then
                [[ $statement == *'*'* ]] || met=no
            elif [[ $statement != *'"Resource":"*"'* && $statement != *"\"$2\""* ]]; then
                [[ $statement == *'*'* ]] || met=no
            elif [[ $statement != *'"Condition":'* ]]; then
                met=yes
            elif [[ $statement =~ $condition ]]; then
                met=$(holds "${BASH_REMATCH[1]}" "$3")
            fi
            ;;
        # Whether an alarm counts as its account is nowhere said.
        *'"AWS":'*"$account"*) ;;
        *) met=no ;;
        esac
        [ "$met" = no ] || [ "$answer" = yes ] || answer=$met
    done < <(statements "$1")
    echo "$answer"
}

# Whether a statement's conditions hold for an alarm of this account.
holds() {
    local rest=$1 keys operator value answer=yes one='"([A-Za-z]+)":\{([^{}]*)\}' pair='"[Aa][Ww][Ss]:Source(Owner|Account|Arn)":"([^"]*)"'
    while [[ $rest =~ $one ]]; do
        operator=${BASH_REMATCH[1]} keys=${BASH_REMATCH[2]}
        rest=${rest/"${BASH_REMATCH[0]}"/}
        while [[ $keys =~ $pair ]]; do
            value=${BASH_REMATCH[2]}
            keys=${keys/"${BASH_REMATCH[0]}"/}
            # shellcheck disable=SC2053 # it is a pattern
            case $operator/${BASH_REMATCH[1]} in
            StringEquals/Arn) [ "$value" = "$2" ] || answer=no ;;
            ArnEquals/Arn | ArnLike/Arn | StringLike/Arn) [[ $2 == $value ]] || answer=no ;;
            StringEquals/* | StringLike/*) [ "$value" = "$account" ] || answer=no ;;
            *) [ $answer = no ] || answer=unknown ;;
            esac
        done
        # Another key is left, or several values.
        [[ $keys != *[!,]* || $answer = no ]] || answer=unknown
    done
    echo $answer
}

# Rules of EventBridge are not weighed.
rules() {
    local all name pattern
    all=$(ask events list-rules --region "$home" --query "Rules[?starts_with(State,'ENABLED')].[Name,to_string([EventPattern])]") || {
        doubt=$(refusal)
        return
    }
    while IFS=$'\t' read -r name pattern; do
        [[ $pattern != *[Rr]oot* && $pattern != *"$account"* ]] || doubt="glasskey root audit weighs rule $name of EventBridge"
    done <<<"$all"
}
