using Halo.Inference.Sampling;

namespace Halo.Inference.RandomModels;

/// <summary>
/// Numbers that are nearly normally distributed: the sum of four uniform ones, within 3.5 standard deviations. It needs no function
/// whose last bit differs between machines.
/// </summary>
internal static class NormalValues
{
    private const int Mean = 2 * ushort.MaxValue;
    private static readonly double s_deviation = Math.Sqrt(((65536.0 * 65536.0) - 1) / 3); // of the sum of four uniform numbers from 0 to 65535

    internal static void Fill(Span<float> values, double deviation, Xoshiro256 random)
    {
        float scale = (float)(deviation / s_deviation);
        for (int i = 0; i < values.Length; i++)
        {
            ulong bits = random.NextUInt64();
            int sum = (int)(bits & 0xFFFF) + (int)((bits >> 16) & 0xFFFF) + (int)((bits >> 32) & 0xFFFF) + (int)(bits >> 48);
            values[i] = (sum - Mean) * scale;
        }
    }
}
