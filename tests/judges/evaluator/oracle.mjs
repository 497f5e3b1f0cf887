// Decisions of @cloud-copilot/iam-simulate (npm, AGPL-3.0), run as a process of
// its own. Reads one JSON document a line on standard input,
//   {"requests": [{"principal", "action", "resource", "context"}, …]}   first, then
//   {"levels": [[policy, …], …]}                                          each stack,
// or each stack with "requests" of its own, and writes one line of letters a stack, one letter a request:
// A allowed, D explicitly denied, I implicitly denied, ? refused to answer.
// The principal's identity policy allows everything, so the levels decide.
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import readline from 'node:readline'

const require = createRequire(pathToFileURL(process.cwd() + '/anywhere.js'))
const { runSimulation } = await import(pathToFileURL(require.resolve('@cloud-copilot/iam-simulate')))

const LETTERS = { Allowed: 'A', ExplicitlyDenied: 'D', ImplicitlyDenied: 'I' }
const everything = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }]
}

function simulation(request, levels) {
  return {
    request: {
      principal: request.principal,
      action: request.action,
      resource: { resource: request.resource, accountId: request.principal.split(':')[4] },
      contextVariables: request.context
    },
    identityPolicies: [{ name: 'everything', policy: everything }],
    serviceControlPolicies: levels.map((policies, level) => ({
      orgIdentifier: `level-${level}`,
      policies: policies.map((policy, at) => ({ name: `${level}-${at}`, policy }))
    })),
    resourceControlPolicies: []
  }
}

let requests
for await (const line of readline.createInterface({ input: process.stdin })) {
  const document = JSON.parse(line)
  if (!document.levels) {
    requests = document.requests
    continue
  }
  let letters = ''
  for (const request of document.requests ?? requests) {
    const answer = await runSimulation(simulation(request, document.levels), {})
    letters += LETTERS[answer.overallResult ?? answer.result] ?? '?'
  }
  console.log(letters)
}
