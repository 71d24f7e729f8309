// Package peers does the same work with packages of Stadttor and with other
// libraries, side by side, as benchmarks. It exports nothing. README.md says
// what is compared, how to run it, and what the numbers do not say.
package peers
