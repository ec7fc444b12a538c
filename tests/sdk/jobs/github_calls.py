"""GitHub: connection test, issues listed and one opened."""

import sys

from github import Auth, Github

github = Github(auth=Auth.Token("ghp_" + sys.argv[1]), retry=None)
assert github.get_user().login == "octocat"
repository = github.get_repo("o/r")
assert [issue.number for issue in repository.get_issues()] == [7]
repository.create_issue("Broken", body="It is hot.")
