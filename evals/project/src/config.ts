export const config = {
  currency: 'EUR',
  paymentUrl: process.env.PAYMENT_URL ?? 'https://payments.example',
  paymentTimeoutMs: 8000,
  stockTimeoutMs: 1500,
};
