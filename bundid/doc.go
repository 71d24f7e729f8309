// Package bundid logs citizens in with BundID, the account of the German
// federation: who is this, how sure are we, and what may be prefilled.
package bundid
