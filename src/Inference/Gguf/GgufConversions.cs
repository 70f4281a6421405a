using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Halo.Inference.Gguf;

/// <summary>Turns a stored value into <typeparamref name="T"/>; false where it is of another kind or does not fit.</summary>
internal delegate bool GgufConversion<T>(object stored, [MaybeNullWhen(false)] out T value);

/// <summary>Lossless conversions between stored metadata values and what a caller asks for.</summary>
internal static class GgufConversions
{
    private const int DescribedElementCount = 4;
    private const int DescribedTextChars = 120;

    internal static bool ToText(object stored, [MaybeNullWhen(false)] out string value) => (value = stored as string) is not null;

    internal static bool ToStringArray(object stored, [MaybeNullWhen(false)] out string[] value) =>
        (value = stored as string[]) is not null;

    internal static bool ToUInt32(object stored, out uint value)
    {
        bool fits = ToInteger(stored, out Int128 wide) && wide >= uint.MinValue && wide <= uint.MaxValue;
        value = fits ? (uint)wide : 0;
        return fits;
    }

    internal static bool ToInt32(object stored, out int value)
    {
        bool fits = ToInteger(stored, out Int128 wide) && wide >= int.MinValue && wide <= int.MaxValue;
        value = fits ? (int)wide : 0;
        return fits;
    }

    // f64 is rounded: no model constant needs more than f32, and refusing 1e-5 stored as f64 would help nobody.
    internal static bool ToSingle(object stored, out float value)
    {
        value = stored switch { float single => single, double wide => (float)wide, _ => float.NaN };
        return stored is float or double;
    }

    internal static bool ToBoolean(object stored, out bool value)
    {
        value = stored is true;
        return stored is bool;
    }

    internal static bool ToFloatArray(object stored, [MaybeNullWhen(false)] out float[] value)
    {
        value = stored switch
        {
            float[] floats => floats,
            double[] doubles => Array.ConvertAll(doubles, wide => (float)wide),
            _ => null,
        };
        return value is not null;
    }

    internal static bool ToInt32Array(object stored, [MaybeNullWhen(false)] out int[] value)
    {
        // The runtime lets uint[] pass a pattern for int[] once it is an object, so the exact type is asked.
        value = null;
        if (stored.GetType() == typeof(int[]))
        {
            value = (int[])stored;
            return true;
        }

        if (stored is not Array array || stored is float[] or double[] or string[] or bool[])
        {
            return false;
        }

        int[] converted = new int[array.Length];
        for (int i = 0; i < converted.Length; i++)
        {
            if (!ToInt32(array.GetValue(i)!, out converted[i]))
            {
                return false;
            }
        }

        value = converted;
        return true;
    }

    internal static string Describe(object stored) => stored switch
    {
        string text => text.Length <= DescribedTextChars ? $"\"{text}\"" : $"\"{text[..DescribedTextChars]}\"… ({text.Length:N0} characters)",
        Array array => DescribeArray(array),
        _ => string.Create(CultureInfo.InvariantCulture, $"{stored}"),
    };

    private static string DescribeArray(Array array)
    {
        string first = string.Join(", ", array.Cast<object>().Take(DescribedElementCount).Select(Describe));
        string more = array.Length > DescribedElementCount ? ", …" : "";
        return $"{array.GetType().GetElementType()!.Name}[{array.Length}] {{ {first}{more} }}";
    }

    private static bool ToInteger(object stored, out Int128 value)
    {
        (bool isInteger, value) = stored switch
        {
            byte number => (true, (Int128)number),
            sbyte number => (true, number),
            ushort number => (true, number),
            short number => (true, number),
            uint number => (true, number),
            int number => (true, number),
            ulong number => (true, number),
            long number => (true, number),
            _ => (false, 0),
        };
        return isInteger;
    }
}
