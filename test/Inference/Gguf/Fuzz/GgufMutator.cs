using System.Text;

namespace Halo.Inference.Tests.Gguf.Fuzz;

/// <summary>Spoils the headers of sound files, the same way for the same seed.</summary>
internal sealed class GgufMutator(Random random)
{
    private static readonly ulong[] s_numbers =
    [
        0, 1, 2, 3, 7, 8, 9, 31, 32, 33, 255, 256, 65_535, 65_536, 1 << 20, 1 << 24, int.MaxValue, 1UL << 31, uint.MaxValue, 1UL << 32,
        1UL << 40, (1UL << 40) + 1, 1UL << 60, long.MaxValue, 1UL << 63, ulong.MaxValue - 31, ulong.MaxValue,
        0x3F80_0000, 0x7F80_0000, 0xFF80_0000, 0x7FC0_0000, // 1, infinities and NaN as f32
    ];

    /// <summary>What a spoiled file looks like.</summary>
    /// <param name="Header">Its beginning.</param>
    /// <param name="Length">Its length: what follows the header is zeros.</param>
    /// <param name="Change">What was done, to find it again.</param>
    internal sealed record Spoiled(byte[] Header, long Length, string Change);

    /// <summary>Spoils a file in one to three ways.</summary>
    internal Spoiled Spoil(GgufParts sound)
    {
        GgufParts parts = sound.Copy();
        StringBuilder change = new();
        (ulong? keyCount, ulong? tensorCount) = (null, null);
        for (int times = random.Next(1, 4); times > 0; times--)
        {
            change.Append(SpoilEntries(parts, ref keyCount, ref tensorCount)).Append("; ");
        }

        byte[] header = parts.Header(keyCount, tensorCount);
        long length = header.Length + parts.DataBytes;
        switch (random.Next(12))
        {
            case 0:
                length = random.NextInt64(1, length);
                change.Append($"cut at {length}");
                break;
            case 1:
                length = random.Next(1, header.Length);
                change.Append($"cut at {length}");
                break;
            case 2:
                for (int flips = random.Next(1, 20); flips > 0; flips--)
                {
                    int bit = random.Next(8 * header.Length);
                    header[bit / 8] ^= (byte)(1 << (bit % 8));
                    change.Append($"bit {bit}, ");
                }

                break;
        }

        return new Spoiled(length < header.Length ? header[..(int)length] : header, length, change.ToString());
    }

    private string SpoilEntries(GgufParts parts, ref ulong? keyCount, ref ulong? tensorCount)
    {
        bool isTensor = parts.Tensors.Count > 0 && random.Next(2) == 0;
        List<GgufParts.Entry> entries = isTensor ? parts.Tensors : parts.Keys;
        int index = random.Next(entries.Count);
        string what = $"{(isTensor ? "tensor" : "key")} {index}";
        switch (random.Next(9))
        {
            case 0:
                entries.Insert(random.Next(entries.Count + 1), entries[index]);
                return what + " twice";
            case 1 when entries.Count > 1:
                entries.RemoveAt(index);
                return what + " away";
            case 2:
                int other = random.Next(entries.Count);
                (entries[index], entries[other]) = (entries[other], entries[index]);
                return $"{what} for {other}";
            case 3:
                parts.Keys.Add(Alignment());
                return "an alignment";
            case 4 when random.Next(4) == 0:
                keyCount = isTensor ? keyCount : AnyNumber();
                tensorCount = isTensor ? AnyNumber() : tensorCount;
                return "a count of entries";
            default:
                entries[index] = SpoilField(entries[index], out string field);
                return $"{what} {field}";
        }
    }

    private GgufParts.Entry Alignment()
    {
        byte[] name = "general.alignment"u8.ToArray();
        return new GgufParts.Entry(
            [.. BitConverter.GetBytes((ulong)name.Length), .. name, .. BitConverter.GetBytes(4u), .. BitConverter.GetBytes((uint)AnyNumber())], [new(0, 8)]);
    }

    // The first fields of an entry are its name's length, its type and counts: of long arrays they would seldom be met.
    private GgufParts.Entry SpoilField(GgufParts.Entry entry, out string what)
    {
        byte[] bytes = [.. entry.Bytes];
        int most = random.Next(2) == 0 ? Math.Min(5, entry.Fields.Count) : entry.Fields.Count;
        GgufParts.Field field = entry.Fields[random.Next(most)];
        if (random.Next(8) == 0)
        {
            int at = random.Next(bytes.Length);
            bytes[at] = (byte)random.Next(256);
            what = $"byte {at} = {bytes[at]}";
        }
        else
        {
            ulong before = Read(bytes, field);
            ulong number = random.Next(4) switch { 0 => before + 1, 1 => before - 1, 2 => before ^ (1UL << random.Next(8 * field.Size)), _ => AnyNumber() };
            BitConverter.GetBytes(number).AsSpan(0, field.Size).CopyTo(bytes.AsSpan(field.Offset));
            what = $"field at {field.Offset} = {number}";
        }

        return entry with { Bytes = bytes };
    }

    private static ulong Read(byte[] bytes, GgufParts.Field field)
    {
        byte[] number = new byte[8];
        bytes.AsSpan(field.Offset, field.Size).CopyTo(number);
        return BitConverter.ToUInt64(number);
    }

    private ulong AnyNumber() => random.Next(3) == 0 ? (ulong)random.NextInt64() >> random.Next(64) : s_numbers[random.Next(s_numbers.Length)];
}
