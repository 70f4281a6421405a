using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Numerics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using Orleans.Runtime;

namespace Orleans.Serialization;

/// <summary>Copies what crosses a call, so that neither side sees the other's later changes. Refuses types that Orleans could not
/// send. Shared and circular references stay so within one copy.</summary>
internal sealed class DeepCopier
{
    private delegate object Copier(object original, DeepCopier context);

    /// <summary>By type; null for types whose values never change and pass as they are.</summary>
    private static readonly ConcurrentDictionary<Type, Copier?> s_copiers = new();

    private static readonly HashSet<Type> s_immutable =
    [
        typeof(string), typeof(decimal), typeof(DateTime), typeof(DateTimeOffset), typeof(TimeSpan), typeof(DateOnly), typeof(TimeOnly),
        typeof(Guid), typeof(Uri), typeof(Version), typeof(Half), typeof(Int128), typeof(UInt128), typeof(BigInteger), typeof(Rune), typeof(Index),
        typeof(Range), typeof(IPAddress), typeof(IPEndPoint), typeof(CancellationToken), typeof(object),
        typeof(SiloAddress), typeof(GrainId), typeof(GrainType), typeof(IdSpan),
    ];

    /// <summary>Generic collections by the method of this class that copies them.</summary>
    private static readonly Dictionary<Type, string> s_collections = new()
    {
        [typeof(List<>)] = nameof(CopyList),
        [typeof(HashSet<>)] = nameof(CopyHashSet),
        [typeof(Queue<>)] = nameof(CopyQueue),
        [typeof(Dictionary<,>)] = nameof(CopyDictionary),
        [typeof(ImmutableArray<>)] = nameof(CopyImmutableArray),
        [typeof(ImmutableList<>)] = nameof(CopyImmutableList),
        [typeof(ImmutableDictionary<,>)] = nameof(CopyImmutableDictionary),
        [typeof(ReadOnlyMemory<>)] = nameof(CopyReadOnlyMemory),
    };

    private Dictionary<object, object>? _copies; // original to copy

    internal static Dictionary<string, object>? CopyContext(Dictionary<string, object>? context) =>
        context is null ? null : (Dictionary<string, object>)new DeepCopier().Copy(context)!;

    /// <summary>A copy, or the value itself if it cannot change.</summary>
    /// <exception cref="CodecNotFoundException">The type may not cross calls.</exception>
    internal object? Copy(object? original)
    {
        if (original is null || CopierOf(original.GetType()) is not { } copier)
        {
            return original;
        }

        return _copies is not null && _copies.TryGetValue(original, out object? copy) ? copy : copier(original, this);
    }

    private T CopyItem<T>(T item) => (T)Copy(item)!;

    /// <summary>Remembers a copy before its parts are copied, for references that lead back to it.</summary>
    private T Remember<T>(object original, T copy)
        where T : class
    {
        (_copies ??= new Dictionary<object, object>(ReferenceEqualityComparer.Instance))[original] = copy;
        return copy;
    }

    private static Copier? CopierOf(Type type) => s_copiers.GetOrAdd(type, static type => MakeCopier(type));

    private static Copier? MakeCopier(Type type)
    {
        if (type.IsPrimitive || type.IsEnum || s_immutable.Contains(type) || type.IsDefined(typeof(ImmutableAttribute), false)
            || type.IsAssignableTo(typeof(GrainReference)) || type.IsAssignableTo(typeof(Exception)) || type.IsAssignableTo(typeof(Type)))
        {
            return null;
        }

        if (type.IsArray)
        {
            return MakeArrayCopier(type);
        }

        Type? definition = type.IsGenericType ? type.GetGenericTypeDefinition() : null;
        if (definition is not null && s_collections.TryGetValue(definition, out string? method))
        {
            bool isFixed = true;
            foreach (Type item in type.GenericTypeArguments)
            {
                isFixed &= IsFixed(item); // refuses items that may not cross, even when there are none
            }

            return isFixed && definition.Namespace == "System.Collections.Immutable" ? null : typeof(DeepCopier)
                .GetMethod(method, BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(type.GenericTypeArguments)
                .CreateDelegate<Copier>();
        }

        if (definition == typeof(KeyValuePair<,>) || type.IsAssignableTo(typeof(ITuple)))
        {
            return MakeMemberCopier(type, type.GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public));
        }

        return type.IsDefined(typeof(GenerateSerializerAttribute), false)
            ? MakeMemberCopier(type, SerializableMembers.Of(type))
            : throw new CodecNotFoundException($"Could not find a copier for type {type}. Mark it with [GenerateSerializer].");
    }

    /// <summary>Whether values of this declared type pass as they are; a type that may not cross throws.</summary>
    private static bool IsFixed(Type type) =>
        (Nullable.GetUnderlyingType(type) ?? type) is var item && item != typeof(object) && !item.IsAbstract && CopierOf(item) is null;

    private static Copier MakeArrayCopier(Type type)
    {
        if (IsFixed(type.GetElementType()!))
        {
            return static (original, context) => context.Remember(original, ((Array)original).Clone());
        }

        if (!type.IsSZArray)
        {
            throw new CodecNotFoundException($"Could not find a copier for type {type}.");
        }

        return static (original, context) =>
        {
            var copy = (Array)context.Remember(original, ((Array)original).Clone());
            for (int i = 0; i < copy.Length; i++)
            {
                copy.SetValue(context.Copy(copy.GetValue(i)), i);
            }

            return copy;
        };
    }

    private static Copier MakeMemberCopier(Type type, FieldInfo[] fields)
    {
        bool hasConstructor = type.GetConstructor(Type.EmptyTypes) is not null;
        bool[] isShared = [.. fields.Select(field => SerializableMembers.IsImmutable(field))];
        return (original, context) =>
        {
            object copy = hasConstructor ? Activator.CreateInstance(type)! : RuntimeHelpers.GetUninitializedObject(type);
            if (!type.IsValueType)
            {
                context.Remember(original, copy);
            }

            for (int i = 0; i < fields.Length; i++)
            {
                object? value = fields[i].GetValue(original);
                fields[i].SetValue(copy, isShared[i] ? value : context.Copy(value));
            }

            return copy;
        };
    }

#pragma warning disable CA1859 // All are called through Copier.
    private static object CopyList<T>(object original, DeepCopier context)
    {
        List<T> source = (List<T>)original;
        List<T> copy = context.Remember(original, new List<T>(source.Count));
        source.ForEach(item => copy.Add(context.CopyItem(item)));
        return copy;
    }

    private static object CopyHashSet<T>(object original, DeepCopier context)
    {
        HashSet<T> source = (HashSet<T>)original;
        HashSet<T> copy = context.Remember(original, new HashSet<T>(source.Count, source.Comparer));
        copy.UnionWith(source.Select(context.CopyItem));
        return copy;
    }

    private static object CopyQueue<T>(object original, DeepCopier context)
    {
        Queue<T> source = (Queue<T>)original;
        Queue<T> copy = context.Remember(original, new Queue<T>(source.Count));
        foreach (T item in source)
        {
            copy.Enqueue(context.CopyItem(item));
        }

        return copy;
    }

    private static object CopyDictionary<TKey, TValue>(object original, DeepCopier context)
        where TKey : notnull
    {
        Dictionary<TKey, TValue> source = (Dictionary<TKey, TValue>)original;
        Dictionary<TKey, TValue> copy = context.Remember(original, new Dictionary<TKey, TValue>(source.Count, source.Comparer));
        foreach ((TKey key, TValue value) in source)
        {
            copy.Add(context.CopyItem(key), context.CopyItem(value));
        }

        return copy;
    }

    private static object CopyImmutableArray<T>(object original, DeepCopier context) =>
        (ImmutableArray<T>)original is { IsDefault: false } items ? items.Select(context.CopyItem).ToImmutableArray() : original;

    private static object CopyImmutableList<T>(object original, DeepCopier context) =>
        ((ImmutableList<T>)original).Select(context.CopyItem).ToImmutableList();

    private static object CopyImmutableDictionary<TKey, TValue>(object original, DeepCopier context)
        where TKey : notnull =>
        ((ImmutableDictionary<TKey, TValue>)original).ToImmutableDictionary(
            pair => context.CopyItem(pair.Key), pair => context.CopyItem(pair.Value));

    private static object CopyReadOnlyMemory<T>(object original, DeepCopier context) =>
        new ReadOnlyMemory<T>((T[])context.Copy(((ReadOnlyMemory<T>)original).ToArray())!);
}
