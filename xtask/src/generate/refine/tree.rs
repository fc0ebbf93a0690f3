//! Functions to walk a syntax tree.

use syn::visit_mut::{self, VisitMut};
use syn::{Block, Expr, Ident, Local, Pat, Stmt};

/// Calls `change` on every expression in `block`, inner ones first.
pub(super) fn each_expr(block: &mut Block, change: impl FnMut(&mut Expr)) {
    struct Exprs<F>(F);
    impl<F: FnMut(&mut Expr)> VisitMut for Exprs<F> {
        fn visit_expr_mut(&mut self, expr: &mut Expr) {
            visit_mut::visit_expr_mut(self, expr);
            (self.0)(expr);
        }
    }
    Exprs(change).visit_block_mut(block);
}

/// Returns the name that a `let` binds, and its value.
pub(super) fn let_mut(stmt: &mut Stmt) -> Option<(Ident, &mut Expr)> {
    let Stmt::Local(Local { pat, init: Some(init), .. }) = stmt else { return None };
    let Pat::Ident(pat) = pat else { return None };
    Some((pat.ident.clone(), &mut *init.expr))
}

/// Returns whether `expr` is a path that ends in `name`.
pub(super) fn is_path(expr: &Expr, name: &str) -> bool {
    matches!(expr, Expr::Path(path) if path.path.segments.last().is_some_and(|segment| segment.ident == name))
}
