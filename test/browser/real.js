export const real = [];
