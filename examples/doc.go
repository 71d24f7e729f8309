// Package examples holds nothing by itself. Its folders hold the reference
// portal, small programs that show one component alone, and comparisons with
// other libraries; its tests hold the rules of the whole tree.
package examples
