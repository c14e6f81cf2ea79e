/** Share of an edge's active calls that may be retries: 20 % · C_int, a null counting 1 (CONTRACT §D; maps to `retry_budget.budget_percent`). */
export const retryBudgetPercent = (int: number | null): number => 20 * (int ?? 1);
