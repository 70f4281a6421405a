using System.Reflection;

namespace Halo.Grains.Tests.Crossing;

/// <summary>Makes values none of whose parts is what it would be by itself, so that a part left behind shows.</summary>
internal sealed class FilledValue
{
    private int _next = 1;

    internal object Make(Type type)
    {
        if (type == typeof(string))
        {
            return $"text {_next++}";
        }

        if (type.IsEnum)
        {
            return Enum.GetValues(type).Cast<object>().Last();
        }

        if (type.IsArray)
        {
            Array array = Array.CreateInstance(type.GetElementType()!, 2);
            array.SetValue(Make(type.GetElementType()!), 0);
            array.SetValue(Make(type.GetElementType()!), 1);
            return array;
        }

        return Nullable.GetUnderlyingType(type) is { } underlying ? Make(underlying)
            : type == typeof(bool) ? true
            : type.IsPrimitive ? Convert.ChangeType(_next++, type, null)
            : MakeRecord(type);
    }

    private object MakeRecord(Type type)
    {
        ConstructorInfo? primary = Array.Find(
            type.GetConstructors(), constructor => constructor.GetParameters() is var parameters && parameters.Length > 0 && parameters[0].ParameterType != type);
        object value = primary is null
            ? Activator.CreateInstance(type)!
            : primary.Invoke([.. primary.GetParameters().Select(parameter => Make(parameter.ParameterType))]);
        if (primary is null)
        {
            foreach (PropertyInfo property in type.GetProperties().Where(property => property.CanWrite))
            {
                property.SetValue(value, Make(property.PropertyType));
            }
        }

        return value;
    }
}
