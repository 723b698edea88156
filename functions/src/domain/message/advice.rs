//! What to do about an error, by its stable name.

/// The next step for whoever reads of a failure of `subject` (a resource, or a state of the machine) in `deployment`.
pub fn next_step(error: &str, subject: &str, deployment: &str) -> String {
    match error {
        "Throttled" => format!(
            "{subject}: AWS slowed us down for too long. Back up again at a quieter time; when it comes back every night, \
             move the schedule or ask AWS for a higher rate."
        ),
        "Unavailable" => format!(
            "{subject}: an AWS service or a hook did not answer. Look at https://health.aws.amazon.com/health/status, then back up again."
        ),
        "NotReady" => format!(
            "{subject}: it stayed in a state in which it cannot be backed up (the message names it). Wait until its console \
             shows it available, then back up again."
        ),
        "QuotaExceeded" => format!(
            "{subject}: an account limit is reached. Delete what is no longer needed (`holdfast sets {deployment}` lists our \
             sets) or raise the limit in the Service Quotas console, then back up again."
        ),
        "InvalidInput" => format!(
            "{subject}: correct the fields that the message names, in the descriptor (then `holdfast apply FILE`) or in the \
             execution's input, then back up again."
        ),
        "NotFound" => format!(
            "{subject}: it is not there under the name that the descriptor has. If it was renamed or replaced, correct the \
             descriptor and `holdfast apply FILE`; if it was deleted by mistake, restore it from the newest sealed set."
        ),
        "AccessDenied" => format!(
            "{subject}: the function's role, or the key that encrypts it, refuses. Look in the message for the action and the \
             resource; most often a KMS key policy or a vault policy has changed."
        ),
        "Conflict" => format!(
            "{subject}: something that is not ours bears the name that this backup needs. Rename or remove it, then back up again."
        ),
        "JobFailed" => format!(
            "{subject}: AWS took the job and could not finish it, for the reason in the message. Remove the cause, then back up again."
        ),
        "DeadlineExceeded" => format!(
            "{subject}: the job ran past its deadline. If AWS's console shows it still moving, raise `deadline` in the \
             descriptor; if it stands still, open a case with AWS."
        ),
        "DeploymentBusy" => format!(
            "Another run of {deployment} is under way. Wait for its own message, or watch it; start this one again only when it has ended."
        ),
        "CopiesLeftOut" => format!(
            "{subject}: remove the copies that are no longer needed (`holdfast restores {deployment}` lists what made them). One \
             that the application uses, name in a switch of the descriptor (`table`), then `holdfast apply FILE`: until then it \
             is not backed up."
        ),
        "VerificationFailed" if subject.starts_with("switch ") => format!(
            "{subject}: see for yourself that it leads to what is backed up; the message says why that could not be told. The set \
             itself is as good as its other checks."
        ),
        "VerificationFailed" => format!(
            "{subject}: what was read back is not what was expected. Do not use this set; look at the message first."
        ),
        "States.Timeout" | "States.HeartbeatTimeout" | "Sandbox.Timedout" => format!(
            "{subject}: the step did not answer in its time. Look at its function's log, linked in the execution; then back up again."
        ),
        "States.DataLimitExceeded" => format!(
            "{subject}: the run's state outgrew the 256 KiB of Step Functions. Split the deployment into several with fewer resources."
        ),
        "States.Permissions" => {
            format!(
                "{subject}: the state machine's role refuses. Deploy the stack again; nothing of it should be changed by hand."
            )
        }
        error if error.starts_with("Lambda.") || error.starts_with("Runtime.") => format!(
            "{subject}: its function broke or could not be run ({error}). Look at its log, linked in the execution; then back up again."
        ),
        error => {
            format!("{subject}: look at the state in the execution, linked below, for {error}; then back up again.")
        }
    }
}

/// The next step for whoever reads of a failure in a restore.
pub fn next_step_of_restore(error: &str, subject: &str, deployment: &str) -> String {
    match error {
        _ if subject == "BackUpDeployment" => format!(
            "{subject}: the safety backup failed; its own message says why. Remove the cause, or restore without `safety_backup`."
        ),
        "Conflict" if subject == "UndoRestore" => format!(
            "{subject}: it is in use, or may be; the message names by whom, and what to do about each. Then remove it again."
        ),
        "Conflict" if ["CutOver", "UndoCutOver"].contains(&subject) || subject.starts_with("switch ") => format!(
            "{subject}: somebody else changed what was to be switched; the message names it, and it stays as it is. See who \
             changes it, then do what the message says."
        ),
        "Throttled" => format!(
            "{subject}: AWS slowed us down for too long. Restore again in some minutes; what was restored is made anew."
        ),
        "Unavailable" => format!(
            "{subject}: an AWS service or a hook did not answer. Look at https://health.aws.amazon.com/health/status, then restore again."
        ),
        "NotReady" => format!(
            "{subject}: it stayed in a state in which nothing can be done with it (the message names it). Wait until its \
             console shows it available, then restore again."
        ),
        "QuotaExceeded" => format!(
            "{subject}: an account limit is reached. Delete what is no longer needed (copies of earlier restores: \
             `holdfast restores {deployment}`) or raise the limit in the Service Quotas console, then restore again."
        ),
        "InvalidInput" => {
            format!(
                "{subject}: correct what the message names, in the execution's input or in AWS, then restore again."
            )
        }
        "NotFound" => format!(
            "{subject}: what is needed is not there under the name that the message has. `holdfast sets {deployment}` lists \
             what can be restored; choose another set, or leave the resource out with `--except`."
        ),
        "AccessDenied" => format!(
            "{subject}: the function's role, or the key that encrypts it, refuses. Look in the message for the action and the \
             resource; most often a KMS key policy has changed. Allow it, then restore again."
        ),
        "Conflict" => format!(
            "{subject}: something that is not ours bears the name that the copy needs, or the run had ended. Restore again with \
             another `--suffix`."
        ),
        "JobFailed" => format!(
            "{subject}: AWS took the job and could not finish it, for the reason in the message. Remove the cause, then restore again."
        ),
        "DeadlineExceeded" => format!(
            "{subject}: the restore ran past its deadline. If AWS's console showed it still moving, raise its deadline in the \
             descriptor; if it stood still, open a case with AWS."
        ),
        "DeploymentBusy" => next_step(error, subject, deployment),
        "VerificationFailed" => format!(
            "{subject}: the copy is not what was backed up. Do not use it. Look at what differs, then restore another set: \
             holdfast sets {deployment}"
        ),
        "States.Timeout" | "States.HeartbeatTimeout" | "Sandbox.Timedout" => format!(
            "{subject}: the step did not answer in its time. Look at its function's log, linked in the execution; then restore again."
        ),
        "States.DataLimitExceeded" => format!(
            "{subject}: the run's state outgrew the 256 KiB of Step Functions. Restore fewer resources at a time, with `--only`."
        ),
        "States.Permissions" => next_step(error, subject, deployment),
        error if error.starts_with("Ec2.") => format!(
            "{subject}: a security group that a copy needs is gone, or may not be looked at; the message names it. Create it \
             again, then restore again."
        ),
        error if error.starts_with("Lambda.") || error.starts_with("Runtime.") => format!(
            "{subject}: its function broke or could not be run ({error}). Look at its log, linked in the execution; then restore again."
        ),
        error => {
            format!("{subject}: look at the state in the execution, linked below, for {error}; then restore again.")
        }
    }
}
