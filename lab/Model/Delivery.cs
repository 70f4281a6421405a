namespace Halo.Lab.Model;

/// <summary>A packet's arrival.</summary>
/// <param name="To">The board that it reaches, from 0.</param>
/// <param name="Time">When, in nanoseconds on the caller's clock.</param>
public readonly record struct Delivery(int To, long Time);
